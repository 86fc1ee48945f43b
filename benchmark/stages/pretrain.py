"""pretrain: a tokenizer and a masked LM from the profile's own text, where no public one is used."""

import hashlib
import shutil
from collections.abc import Mapping

from benchmark.building import make, optimisation
from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import ticking
from benchmark.sections import LanguageModelSection, PublicModelSection
from benchmark.tracking import Store
from uxla.devices import Precision, default_device, use_threads
from uxla.examples import Corpus
from uxla.language_model import MaskedLanguageModel
from uxla.pretraining import Pretraining, Shape, new_language_model
from uxla.pretraining import pretrain as train
from uxla.tokenizer import train_tokenizer


class Settings(Section):
    """What the stage reads of params.yaml."""

    language_model: LanguageModelSection | PublicModelSection


def pretrain(settings: Settings, *, layout: Layout, store: Store) -> None:
    """Write the masked LM of the profile; an interrupted run goes on where it was last saved."""
    target = layout.language_model
    section = settings.language_model
    if isinstance(section, PublicModelSection):
        MaskedLanguageModel.load(section.pretrained, revision=section.revision).save(target)
        return
    use_threads(section.threads)
    names = [name.split("/") for name in section.corpora]
    paths = {f"{task}/{language}": layout.text(task, language) for task, language in names}
    corpora = {name: Corpus.load(path) for name, path in paths.items()}
    state = layout.state("pretrain", _version(section, corpora))
    with store.cell(
        profile=layout.profile, task="all", system="masked LM", language="all", stage="pretrain"
    ) as run:
        run.log_dependencies(paths.values())
        run.log_parameters(section.model_dump(mode="json"))
        for name, corpus in corpora.items():
            run.log_corpus(corpus, name=name, context="pretraining", source=paths[name])
        sentences = (" ".join(text) for corpus in corpora.values() for e in corpus for text in e.texts)
        tokenizer = train_tokenizer(sentences, vocabulary=section.vocabulary)
        model = new_language_model(tokenizer, make(Shape, section), seed=section.seed)
        model.to(default_device())
        with ticking("pretrain", section.max_steps, run.log) as log:
            train(
                model,
                list(corpora.values()),
                _how(section),
                seed=section.seed,
                state=state,
                log=log,
            )
        model.save(target)
        shutil.rmtree(state.parent, ignore_errors=True)
        run.log_model(target, name="masked LM")


def _version(section: LanguageModelSection, corpora: Mapping[str, Corpus]) -> str:
    """A digest of what decides the result: a state of anything else is not resumed from."""
    digests = [corpus.digest for corpus in corpora.values()]
    return hashlib.sha256(repr((section, digests)).encode()).hexdigest()


def _how(section: LanguageModelSection) -> Pretraining:
    return make(
        Pretraining, section, optimisation=optimisation(section), precision=Precision(section.precision)
    )
