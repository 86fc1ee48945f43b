"""Between what bounds the scores of a profile lie over several toy worlds, and whether they still do."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.results import SYSTEMS, Result, System
from benchmark.sources import as_json
from benchmark.statistics import spread
from uxla.files import write_text

AGAIN = "python -m benchmark worlds"

WIDTH = 3
"""Of some fifty scores on a processor that rounds in another way, none should leave its range by chance."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Score(_Record):
    """Mean score of the models of one system, with its 95 % interval over the test examples."""

    mean: float
    low: float
    high: float


class Range(_Record):
    """Scores of one system in one language of a task, by the seed of the world, and what bounds them.

    `low` and `high` are the lowest and the highest mean, each moved outwards by `WIDTH` standard deviations;
    of one world alone, the ends of its interval.
    """

    task: str
    language: str
    system: System
    scores: dict[int, Score]
    low: float
    high: float


class Ranges(_Record):
    """The ranges of a profile, and a digest of the parameters that its worlds have in common."""

    settings: str
    ranges: tuple[Range, ...]


Scores = Mapping[tuple[str, str, System], Score]
"""The score of every system, by task, language and system."""


def scores_of(results: Iterable[Result]) -> Scores:
    """The scores of one world, as they are recorded; further baselines are not."""
    return {
        (r.task, r.language, r.system): Score(
            mean=round(spread(r.scores).mean, 2),
            low=round(r.interval.low, 2),
            high=round(r.interval.high, 2),
        )
        for r in results
        if r.system in SYSTEMS
    }


def recorded(path: Path, *, settings: str) -> dict[int, Scores]:
    """The scores of all worlds that were run with the same settings, by seed; none if there is no file."""
    known: dict[int, dict[tuple[str, str, System], Score]] = {}
    if path.is_file() and (whole := _read(path)).settings == settings:
        for item in whole.ranges:
            for seed, score in item.scores.items():
                known.setdefault(seed, {})[item.task, item.language, item.system] = score
    return dict(known)


def record(worlds: Mapping[int, Scores], path: Path, *, settings: str) -> list[Range]:
    """Write the ranges of the scores found in several worlds, by seed."""
    ranges = []
    for key in sorted({key for scores in worlds.values() for key in scores}):
        task, language, system = key
        scores = {seed: worlds[seed][key] for seed in sorted(worlds) if key in worlds[seed]}
        means = spread([score.mean for score in scores.values()])
        low, high = next((score.low, score.high) for score in scores.values())
        if means.std is not None:
            low, high = means.minimum - WIDTH * means.std, means.maximum + WIDTH * means.std
        ranges.append(
            Range(
                task=task,
                language=language,
                system=system,
                scores=scores,
                low=round(max(0.0, low), 2),
                high=round(min(100.0, high), 2),
            )
        )
    write_text(path, as_json(Ranges(settings=settings, ranges=tuple(ranges)).model_dump(mode="json")))
    return ranges


def check(results: Iterable[Result], path: Path) -> list[str]:
    """What lies outside its recorded range, or has none, each in one line; of further baselines, nothing.

    Raises:
        ValueError: there is no file of ranges.
    """
    if not path.is_file():
        raise ValueError(f"{path}: expected recorded ranges, found none; run `{AGAIN}`")
    known = {(item.task, item.language, item.system): item for item in _read(path).ranges}
    complaints = []
    for result in results:
        if result.system not in SYSTEMS:
            continue
        key = (result.task, result.language, result.system)
        name, score, item = " ".join(key), spread(result.scores).mean, known.pop(key, None)
        if item is None:
            complaints.append(f"{name}: {score:.2f} has no recorded range")
        elif not item.low <= round(score, 2) <= item.high:
            complaints.append(f"{name}: expected {item.low} to {item.high}, was: {score:.2f}")
    return complaints + [f"{' '.join(key)}: no score" for key in known]


def _read(path: Path) -> Ranges:
    try:
        return Ranges.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ValueError(f"{path}: not a file of ranges; remove it, and run `{AGAIN}`") from error
