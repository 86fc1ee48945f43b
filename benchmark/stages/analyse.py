"""analyse: Tables 5 and 6 and Figures 2 to 4 for one target; trains nothing, and may see all labels (§4)."""

import time
from collections.abc import Mapping
from functools import partial

import numpy as np

from benchmark.analyses import AblationScore, Analysis, EpochScore, TransferScore, write_analysis
from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import bar
from benchmark.results import EnsembleScore
from benchmark.sections import AdaptationSection, EvaluationSection
from benchmark.stages.labelling import pseudo_labels
from benchmark.stages.lessons import load_models
from benchmark.stages.observing import names, read_dev_scores, read_observed, write_predictions
from benchmark.stages.samples import write_samples
from benchmark.stages.scoring import counts_of, interval_of, scores_of
from benchmark.stages.versions import SAID, version_after
from benchmark.tracking import Store
from benchmark.variants import task_of
from uxla.coteaching import CURRICULUM
from uxla.devices import default_device, use_threads
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.predictions import ensemble


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    source: str
    languages: tuple[str, ...]
    seeds: tuple[int, int, int]
    evaluation: EvaluationSection
    target: AdaptationSection
    ablations: dict[str, AdaptationSection]
    ablated: tuple[str, ...]


def analyse(settings: Settings, *, task: str, target: str, layout: Layout, store: Store) -> None:
    """Write the analysis of a target, the predictions it rests on, and points for the figures."""
    began = time.perf_counter()
    use_threads(settings.threads)
    test = Corpus.load(layout.corpus(task, target, "test"))
    found = Analysis(
        profile=layout.profile,
        task=task,
        target=target,
        metric="f1" if task_of(task).metric == "f1" else "accuracy",
        n_examples=len(test),
        transfers=_transfers(settings, task, target, layout),
        epochs=_epochs(settings, task, target, layout, test),
        ablations=_ablations(settings, task, target, layout, test),
    )
    write_samples(
        layout.samples(task, target),
        {
            objective: _model(layout, task, objective, settings.seeds[0])
            for objective in ("cross_entropy", "confidence_penalty")
        },
        dev=Corpus.load(layout.corpus(task, target, "dev")),
        labelled=Corpus.load(layout.corpus(task, target, "labelled")),
        keep_fraction=settings.target.keep_fractions[0],
        seed=settings.evaluation.seed,
    )
    write_analysis(layout.analyses(task, target), found)
    _track(store, found, layout, worked=time.perf_counter() - began)


def _model(layout: Layout, task: str, objective: str, seed: int) -> TaskModel:
    return TaskModel.load(layout.warmed_up(task, objective) / str(seed)).to(default_device())


def _transfers(settings: Settings, task: str, target: str, layout: Layout) -> tuple[TransferScore, ...]:
    """The adapted models on the test sets of all languages (Table 6)."""
    models = load_models(layout.adapted(task, target), settings.seeds, dropout=settings.target.dropout)
    found = []
    with replacing(layout.transfers(task, target)) as folder:
        for language in bar((settings.source, *settings.languages), "transfer"):
            gold = Corpus.load(layout.corpus(task, language, "test"))
            members = [predict(model, gold.unlabelled()) for model in models]
            together = ensemble(members)
            columns = dict(zip([*names(settings.seeds), "ensemble"], [*members, together], strict=True))
            write_predictions(folder / f"{language}.parquet", gold, columns)
            classes = [member.classes for member in columns.values()]
            *scores, of_ensemble = scores_of(task_of(task), gold, classes)
            counts = counts_of(task_of(task), gold, classes)
            found.append(
                TransferScore(
                    language=language,
                    scores=dict(zip(settings.seeds, scores, strict=True)),
                    interval=interval_of(counts[:-1], settings.evaluation),
                    ensemble=EnsembleScore(
                        score=of_ensemble, interval=interval_of(counts[-1:], settings.evaluation)
                    ),
                )
            )
    return tuple(found)


def _epochs(
    settings: Settings, task: str, target: str, layout: Layout, test: Corpus
) -> tuple[EpochScore, ...]:
    """The models after every epoch, from what they said on the way (Figure 2)."""
    found = []
    for epoch in (0, *CURRICULUM):
        path = layout.adapted(task, target) / f"epochs/{epoch}"
        scores = scores_of(task_of(task), test, read_observed(path, settings.seeds, test))
        dev = read_dev_scores(path).scores
        found.append(EpochScore(epoch=epoch, dev=dev, test=dict(zip(settings.seeds, scores, strict=True))))
    return tuple(found)


def _ablations(
    settings: Settings, task: str, target: str, layout: Layout, test: Corpus
) -> tuple[AblationScore, ...]:
    """The first epoch in every other setting (Table 5)."""
    gold = Corpus.load(layout.corpus(task, target, "labelled"))
    found = []
    for name in bar(settings.ablations if target in settings.ablated else (), "ablations"):
        folder = layout.ablations(task, target) / name
        predicted = read_observed(folder / "observed", settings.seeds, test)
        scores = scores_of(task_of(task), test, predicted)
        found.append(
            AblationScore(
                name=name,
                scores=dict(zip(settings.seeds, scores, strict=True)),
                interval=interval_of(counts_of(task_of(task), test, predicted), settings.evaluation),
                pseudo_labels=tuple(pseudo_labels(folder / "lessons", gold=gold, task=task_of(task))),
            )
        )
    return tuple(found)


def _track(store: Store, found: Analysis, layout: Layout, *, worked: float) -> None:
    """Add what was found to the run of UXLA in the target and to those of the other settings."""
    cell = partial(
        store.cell,
        profile=found.profile,
        task=found.task,
        language=found.target,
        stage="analyse",
        resume=True,
    )
    name = found.metric
    version = version_after(layout.adapted(found.task, found.target))
    with cell(system="uxla", version=version) as run:
        run.add_seconds(worked)
        run.log(0, {f"transfer/{name} {t.language}": _mean(t.scores) for t in found.transfers})
        for epoch in found.epochs:
            dev = {f"validation/{on}": _mean(scores) for on, scores in epoch.dev.items()}
            run.log(epoch.epoch, {**dev, f"epochs/test {name}": _mean(epoch.test)})
        run.log_folder(layout.transfers(found.task, found.target), "transfers")
        run.log_folder(layout.samples(found.task, found.target), "samples")
        run.log_file(layout.analyses(found.task, found.target))
    for row in found.ablations:
        folder = layout.ablations(found.task, found.target) / row.name
        with cell(system=f"ablation {row.name}", version=version_after(folder, SAID)) as run:
            values = list(row.scores.values())
            run.log(
                0,
                {
                    f"test/{name}": _mean(row.scores),
                    f"test/{name} std": float(np.std(values, ddof=1)),
                    f"test/{name} low": row.interval.low,
                    f"test/{name} high": row.interval.high,
                },
            )
            run.log_folder(folder, "ablation")


def _mean(scores: Mapping[int, float]) -> float:
    return float(np.mean(list(scores.values())))
