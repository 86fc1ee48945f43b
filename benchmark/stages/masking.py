"""What pretrain and rival have in common: a masked LM fetched, trained from scratch, or trained on."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmark.building import make, optimisation
from benchmark.layout import Layout
from benchmark.progress import ticking
from benchmark.sections import (
    BertSection,
    ContinuedSection,
    LanguageModelSection,
    MaskedTrainingSection,
    PublicModelSection,
)
from benchmark.stages.versions import version_before
from benchmark.tracking import Store
from uxla.allocation import keep_few_kernels
from uxla.devices import Precision, default_device, use_threads
from uxla.examples import Corpus
from uxla.files import remove
from uxla.language_model import MaskedLanguageModel
from uxla.pretraining import Pretraining, Shape, new_language_model, pretrain
from uxla.tokenizer import train_tokenizer, train_word_pieces


def obtain(
    section: LanguageModelSection | ContinuedSection | PublicModelSection,
    target: Path,
    *,
    task: str,
    system: str,
    stage: str,
    layout: Layout,
    store: Store,
) -> None:
    """Write a masked LM to a folder; an interrupted training goes on where it was last saved."""
    if isinstance(section, PublicModelSection):
        MaskedLanguageModel.load(section.pretrained, revision=section.revision).save(target)
        return
    use_threads(section.threads)
    keep_few_kernels()
    paths = {name: layout.text(*name.split("/")) for name in section.corpora}
    corpora = {name: Corpus.load(path) for name, path in paths.items()}
    own = [layout.language_model / "model.safetensors"] if isinstance(section, ContinuedSection) else []
    version = version_before(section, corpora.values(), own)
    state = layout.state(f"{stage}-{task}-{system}".replace(" ", "-"), version)
    cell = partial(store.cell, profile=layout.profile, task=task, system=system, language="all")
    with cell(stage=stage) as run:
        run.log_dependencies(paths.values())
        run.log_parameters(section.model_dump(mode="json"))
        for name, corpus in corpora.items():
            run.log_corpus(corpus, name=name, context="pretraining", source=paths[name])
        model = _untrained(section, corpora, layout)
        model.to(default_device())
        with ticking(stage, section.max_steps, run.log) as log:
            pretrain(model, list(corpora.values()), _how(section), seed=section.seed, state=state, log=log)
        model.save(target)
        run.log_model(target, name=system)
    # Last: whatever fails before, the same command goes on.
    remove(state.parent)


def _untrained(
    section: LanguageModelSection | ContinuedSection, corpora: Mapping[str, Corpus], layout: Layout
) -> MaskedLanguageModel:
    """Random weights under a tokenizer of the text, or the profile's own masked LM."""
    if isinstance(section, ContinuedSection):
        return MaskedLanguageModel.load(layout.language_model)
    sentences = (" ".join(text) for corpus in corpora.values() for e in corpus for text in e.texts)
    if isinstance(section, BertSection):
        pieces = train_word_pieces(list(sentences), vocabulary=section.vocabulary)
        return new_language_model(pieces, make(Shape, section), seed=section.seed)
    tokenizer = train_tokenizer(sentences, vocabulary=section.vocabulary)
    return new_language_model(tokenizer, make(Shape, section), seed=section.seed)


def _how(section: MaskedTrainingSection) -> Pretraining:
    return make(
        Pretraining, section, optimisation=optimisation(section), precision=Precision(section.precision)
    )
