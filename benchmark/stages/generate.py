"""generate: vicinal sentences of one language by the untouched masked LM (GEN-LM, §2.2)."""

from benchmark.building import make
from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.sections import VicinitySection
from benchmark.tracking import Store
from uxla import vicinity
from uxla.devices import Precision, default_device, use_threads
from uxla.drawing import Schedule
from uxla.examples import Corpus
from uxla.language_model import MaskedLanguageModel


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    vicinity: VicinitySection


def generate(settings: Settings, *, task: str, language: str, layout: Layout, store: Store) -> None:
    """Write the vicinal sentences of a language's unlabelled training text."""
    use_threads(settings.threads)
    section = settings.vicinity
    source = layout.corpus(task, language, "unlabelled")
    corpus = Corpus.load(source)
    language_model = MaskedLanguageModel.load(layout.language_model)
    language_model.to(default_device())
    with store.cell(
        profile=layout.profile, task=task, system="vicinity", language=language, stage="generate"
    ) as run:
        run.log_dependencies([source, layout.language_model])
        run.log_parameters({"vicinity": section.model_dump(mode="json")})
        run.log_corpus(corpus, name=f"{language} unlabelled", context="origin", source=source)
        made = vicinity.generate(
            corpus,
            language_model,
            _how(section, language),
            seed=section.seed,
            token_budget=section.token_budget,
            precision=Precision(section.precision),
        )
        path = layout.vicinal(task, language)
        made.corpus.save(path)
        run.log_corpus(made.corpus, name=f"{language} vicinal", context="vicinal", source=path)
        run.log(
            0,
            {
                "sentences": len(corpus),
                "eligible": made.n_eligible,
                "fills": made.n_fills,
                "copies": len(made.corpus),
                "dropped": made.n_dropped,
                "unchanged": made.n_unchanged,
            },
        )
        run.log_text("\n".join(" ".join(w) for e in list(made.corpus)[:50] for w in e.texts), "sample.txt")


def _how(section: VicinitySection, language: str) -> vicinity.Vicinity:
    return make(
        vicinity.Vicinity,
        section,
        unit=vicinity.Unit.SUBWORD if language in section.subword_languages else vicinity.Unit.WORD,
        schedule=Schedule(section.schedule),
        fills=vicinity.Fills(section.fills),
    )
