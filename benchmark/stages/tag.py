"""tag: three LSTM-CRF on the labels of one language, without any encoder (Table 1)."""

from benchmark.building import make
from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import ticking
from benchmark.recipes import recipe
from benchmark.sections import TaggerSection
from benchmark.stages.learning import write_outcome
from benchmark.stages.versions import version_after
from benchmark.tracking import Store
from benchmark.variants import task_of
from uxla.devices import use_threads
from uxla.examples import Corpus
from uxla.lstm_crf import LstmCrf, Shape
from uxla.lstm_crf_training import fit_lstm_crf


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    seeds: tuple[int, int, int]
    tagger: TaggerSection


def tag(settings: Settings, *, task: str, language: str, layout: Layout, store: Store) -> None:
    """Write the taggers trained on the labels of a language, selected on its dev set."""
    use_threads(settings.threads)
    section = settings.tagger
    paths = {part: layout.corpus(task, language, part) for part in ("labelled", "dev")}
    corpora = {part: Corpus.load(path) for part, path in paths.items()}
    folder = layout.tagger(task, language)
    with store.cell(
        profile=layout.profile, task=task, system="lstm_crf", language=language, stage="tag"
    ) as run:
        run.log_parameters({"task": task, "tagger": section.model_dump(mode="json")})
        run.log_dependencies(paths.values())
        for part, path in paths.items():
            run.log_corpus(corpora[part], name=f"{language} {part}", context=part, source=path)
        how = recipe(section, confidence_penalty=False)
        for seed in settings.seeds:
            model = LstmCrf.build(corpora["labelled"], task_of(task), make(Shape, section), seed=seed)
            with run.child(f"model {seed}") as child:
                with ticking(f"model {seed}", how.max_steps, child.log) as log:
                    outcome = fit_lstm_crf(
                        model,
                        corpora["labelled"],
                        how,
                        validation=corpora["dev"],
                        unknown_ratio=section.unknown_ratio,
                        seed=seed,
                        log=log,
                    )
                model.save(folder / str(seed))
                write_outcome(folder / str(seed), outcome)
        run.log_version(version_after(folder))
