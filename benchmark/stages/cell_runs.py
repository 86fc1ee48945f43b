"""What MLflow has of scored cells: scores, the accuracy of pseudo labels by lesson, predictions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.results import PseudoLabels, Result
from benchmark.tracking import Store


def track(store: Store, result: Result, predictions: Path, of: Mapping[str, Any]) -> None:
    """Add the scores to the run of these very models, and the ensemble's to a run of its own.

    `of` has the stage, the version of the models and the seconds of work behind their scores.
    """
    cell = partial(
        store.cell, profile=result.profile, task=result.task, language=result.language, stage=of["stage"]
    )
    name = result.metric
    with cell(system=result.system.value, resume=True, version=of["version"]) as run:
        run.add_seconds(of["worked"])
        scores = result.scores
        run.log_tags({"selected on": result.selected_on})
        run.log(
            0,
            {
                f"test/{name}": float(np.mean(scores)),
                f"test/{name} std": float(np.std(scores, ddof=1)),
                f"test/{name} low": result.interval.low,
                f"test/{name} high": result.interval.high,
                "test/collapsed models": len(result.collapsed),
            },
        )
        for lesson, labelled in _by_lesson(result.pseudo_labels):
            if labelled.accuracy is not None:
                run.log(lesson, {f"pseudo-label accuracy/{labelled.origin}": labelled.accuracy})
        for model in result.models:
            with run.child(f"model {model.seed}") as child:
                child.log(0, {f"test/{name}": model.score})
        run.log_file(predictions / f"{result.system.value}.parquet", "predictions")
        run.log_text(json.dumps(result.model_dump(mode="json"), indent=2), "result.json")
    if result.ensemble is not None:
        with cell(system=f"{result.system.value} ensemble") as run:
            run.log(0, {f"test/{name}": result.ensemble.score})


def _by_lesson(labelled: Iterable[PseudoLabels]) -> Iterator[tuple[int, PseudoLabels]]:
    """Each with the number of its lesson, counted over all epochs: one has a corpus of an origin once."""
    number, seen = 0, set[tuple[int, str]]()
    for entry in labelled:
        if seen and ((entry.epoch, entry.origin) in seen or entry.epoch not in {epoch for epoch, _ in seen}):
            number, seen = number + 1, set()
        seen.add((entry.epoch, entry.origin))
        yield number, entry
