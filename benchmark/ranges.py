"""Between what bounds the scores of a profile lie over several toy worlds, and whether they still do."""

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmark.results import Result, System
from benchmark.sources import as_json
from benchmark.statistics import spread
from uxla.files import write_text


class Range(BaseModel):
    """Mean scores of one system in one language of a task over the worlds, and what bounds the usual ones.

    `low` and `high` are the lowest and the highest score, each moved outwards by the standard deviation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    language: str
    system: System
    scores: dict[int, float]
    low: float
    high: float


def record(results: Mapping[int, Iterable[Result]], path: Path) -> list[Range]:
    """Write the ranges of the scores found in several worlds, by seed."""
    flat = [
        (result.task, result.language, result.system, seed, spread(result.scores).mean)
        for seed, found in results.items()
        for result in found
    ]
    ranges = []
    for (task, language, system), group in groupby(sorted(flat), key=lambda item: item[:3]):
        scores = {seed: round(score, 2) for *_, seed, score in group}
        whole = spread(list(scores.values()))
        margin = whole.std or 0.0
        ranges.append(
            Range(
                task=task,
                language=language,
                system=system,
                scores=scores,
                low=round(max(0.0, whole.minimum - margin), 2),
                high=round(min(100.0, whole.maximum + margin), 2),
            )
        )
    write_text(path, as_json([item.model_dump(mode="json") for item in ranges]))
    return ranges


def check(results: Iterable[Result], path: Path) -> list[str]:
    """What lies outside its recorded range, or has none, each in one line.

    Raises:
        ValueError: there is no file of ranges.
    """
    if not path.is_file():
        raise ValueError(f"{path}: expected recorded ranges, found none; run `python -m benchmark worlds`")
    ranges = [Range.model_validate(item) for item in json.loads(path.read_text(encoding="utf-8"))]
    known = {(item.task, item.language, item.system): item for item in ranges}
    complaints = []
    for result in results:
        key = (result.task, result.language, result.system)
        name, score, item = " ".join(key), spread(result.scores).mean, known.pop(key, None)
        if item is None:
            complaints.append(f"{name}: {score:.2f} has no recorded range")
        elif not item.low <= score <= item.high:
            complaints.append(f"{name}: expected {item.low} to {item.high}, was: {score:.2f}")
    return complaints + [f"{' '.join(key)}: no score" for key in known]
