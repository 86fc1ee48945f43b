"""evaluate: every system on the test split of one language; trains nothing, and may see all labels (§3)."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.fields import Labels, Section
from benchmark.layout import ALL, Layout
from benchmark.progress import bar
from benchmark.results import (
    ZERO_SHOT,
    Comparison,
    EnsembleScore,
    Interval,
    ModelScore,
    PseudoLabels,
    Result,
    System,
    write_cell,
)
from benchmark.sections import AdaptationSection, EvaluationSection
from benchmark.stages.cell_runs import track
from benchmark.stages.labelling import pseudo_labels
from benchmark.stages.learning import read_dev_score
from benchmark.stages.observing import names, write_predictions
from benchmark.stages.scoring import (
    counts_of,
    crossed_difference_of,
    crossed_interval_of,
    interval_of,
    scores_of,
)
from benchmark.stages.versions import version_after
from benchmark.statistics import Counts, mcnemar_test, paired_test
from benchmark.tracking import Store
from benchmark.variants import task_of
from uxla.devices import default_device, use_threads
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.predictions import Predictions, ensemble
from uxla.tasks import Level


class Settings(Section):
    """What the stage reads of params.yaml; `target` is None for the source language."""

    threads: int | None
    source: str
    seeds: tuple[int, int, int]
    evaluation: EvaluationSection
    supervised_on: Labels
    target: AdaptationSection | None


Labeller = Callable[[Corpus], Predictions]
"""A trained model: from a corpus to the probabilities of its labels."""


@dataclass(frozen=True)
class Scored:
    """A system on the test split: its models' predictions, ensemble last, and their counts.

    `version` tells its models from others; `counts` has the shape (n_models + 1, n_examples, 3);
    `collapsed` are the seeds of models that give every example, or every word, the same class.
    """

    version: str
    predictions: Sequence[Predictions]
    counts: Counts
    models: Sequence[ModelScore]
    ensemble: float
    collapsed: tuple[int, ...]


def evaluate(settings: Settings, *, task: str, language: str, layout: Layout, store: Store) -> None:
    """Write scores, intervals, paired tests and predictions of all systems in one language."""
    began = time.perf_counter()
    use_threads(settings.threads)
    test = Corpus.load(layout.corpus(task, language, "test"))
    folders = _folders(settings, task, language, layout)
    scored = {
        system: score(folder, settings.seeds, test, task)
        for system, folder in bar(folders.items(), "evaluate")
    }
    again = {}
    labelled: list[PseudoLabels] = []
    if settings.target is not None:
        for number in range(2, settings.target.repeats + 1):
            again[number] = score(layout.repeated(task, language, number), settings.seeds, test, task)
        gold = Corpus.load(layout.corpus(task, language, "labelled"))
        labelled = pseudo_labels(layout.adapted(task, language) / "lessons", gold=gold, task=task_of(task))
    results = []
    for system in scored:
        about: dict[str, Any] = {"profile": layout.profile, "task": task, "language": language}
        about |= {"selected_on": _selected_on(settings, system), "n_examples": len(test)}
        if system is System.UXLA:
            about |= {"pseudo_labels": tuple(labelled), "repeats": _repeats(again)}
        results.append(result_of(system, scored, settings.evaluation, about))
    with replacing(layout.predictions(task, language)) as folder:
        write_scored(folder, test, scored.items())
        write_scored(folder, test, [(f"uxla_repeat_{number}", found) for number, found in again.items()])
    worked = (time.perf_counter() - began) / len(results)
    for result in results:
        of = {"stage": "evaluate", "version": scored[result.system].version, "worked": worked}
        track(store, result, layout.predictions(task, language), of)
    write_cell(layout.cells(task, language), results)


def result_of(
    system: System, scored: Mapping[System, Scored], section: EvaluationSection, about: Mapping[str, Any]
) -> Result:
    """One cell: scores with intervals, and the tests against other systems."""
    outcome, task = scored[system], task_of(about["task"])
    return Result(
        system=system,
        metric="f1" if task.metric == "f1" else "accuracy",
        split="test",
        models=tuple(outcome.models),
        interval=interval_of(outcome.counts[:-1], section),
        crossed_interval=crossed_interval_of(outcome.counts[:-1], section),
        ensemble=EnsembleScore(score=outcome.ensemble, interval=interval_of(outcome.counts[-1:], section)),
        collapsed=outcome.collapsed,
        comparisons=_comparisons(system, scored, section, classifies=task.level is Level.EXAMPLE),
        **about,
    )


def _folders(settings: Settings, task: str, language: str, layout: Layout) -> dict[System, Path]:
    folders = {
        System.CROSS_ENTROPY: layout.warmed_up(task, "cross_entropy"),
        System.CONFIDENCE_PENALTY: layout.warmed_up(task, "confidence_penalty"),
    }
    if settings.target is not None:
        folders[System.UXLA] = layout.adapted(task, language)
        folders[System.SUPERVISED] = layout.supervised(
            task, ALL if settings.supervised_on == "all" else language
        )
    return folders


def task_model(folder: Path) -> Labeller:
    """What the task model in a folder says of a corpus."""
    model = TaskModel.load(folder)
    model.to(default_device())
    return partial(predict, model)


def score(
    folder: Path,
    seeds: Sequence[int],
    test: Corpus,
    task: str,
    *,
    load: Callable[[Path], Labeller] = task_model,
) -> Scored:
    """Score the models of a folder, one a seed, and their ensemble."""
    predictions = [load(folder / str(seed))(test.unlabelled()) for seed in seeds]
    predictions.append(ensemble(predictions))
    classes = [p.classes for p in predictions]
    scores = scores_of(task_of(task), test, classes)
    models = [
        ModelScore(seed=seed, score=value, dev_score=read_dev_score(folder / str(seed)))
        for seed, value in zip(seeds, scores[:-1], strict=True)
    ]
    counts = counts_of(task_of(task), test, classes)
    alone = [len(np.unique(np.concatenate(c))) == 1 for c in classes[:-1]]
    collapsed = tuple(seed for seed, is_alone in zip(seeds, alone, strict=True) if is_alone)
    return Scored(version_after(folder), predictions, counts, models, scores[-1], collapsed)


def _repeats(again: Mapping[int, Scored]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(model.score for model in outcome.models) for outcome in again.values())


def _selected_on(settings: Settings, system: System) -> Any:
    if system is System.UXLA and settings.target is not None:
        return settings.target.select_on
    return f"{settings.supervised_on} dev" if system is System.SUPERVISED else "source dev"


def _comparisons(
    system: System, scored: Mapping[System, Scored], section: EvaluationSection, *, classifies: bool
) -> tuple[Comparison, ...]:
    """UXLA against the two zero-shot baselines; other systems are compared with nothing."""
    if system is not System.UXLA:
        return ()
    comparisons = []
    ours = scored[system].counts
    for other in ZERO_SHOT:
        theirs = scored[other].counts
        test = paired_test(ours[:-1], theirs[:-1], n_resamples=section.resamples, seed=section.seed)
        comparisons.append(
            Comparison(
                against=other,
                difference=test.difference,
                interval=Interval(low=test.interval.low, high=test.interval.high),
                # UXLA began as the models of this baseline.
                crossed_interval=crossed_difference_of(
                    ours[:-1], theirs[:-1], section, are_pairs=other is System.CONFIDENCE_PENALTY
                ),
                p_value=test.p_value,
                mcnemar=mcnemar_test(ours[-1], theirs[-1]) if classifies else None,
            )
        )
    return tuple(comparisons)


def write_scored(folder: Path, test: Corpus, scored: Iterable[tuple[str, Scored]]) -> None:
    """Write one Parquet file a system: ids, and the classes each model and the ensemble predict."""
    folder.mkdir(parents=True, exist_ok=True)
    for system, outcome in scored:
        columns = [*names([model.seed for model in outcome.models]), "ensemble"]
        predictions = dict(zip(columns, outcome.predictions, strict=True))
        write_predictions(folder / f"{system}.parquet", test, predictions)
