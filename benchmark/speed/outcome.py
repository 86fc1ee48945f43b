"""What came of a line of the benchmark, and the file of all lines, which grows line by line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from benchmark.fields import Section
from benchmark.sources import as_json
from uxla.files import write_text

Unit = Literal["times", "share", "seconds", "points"]


class Point(Section):
    """One point of a plot: so many seconds at a place on the axis, in one of the series."""

    series: str
    x: float
    seconds: float


class Finding(Section):
    """What a line measured; without a `value`, `skipped` says why it could not.

    `low` and `high` are the least and the greatest of what `value` is the median of. `equality` says
    which outputs were equal, and how that was made sure, before anything was timed.
    """

    what: str
    against: str
    unit: Unit
    target: float | None
    at_most: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None
    equality: str = ""
    details: dict[str, float | str] = Field(default_factory=dict)
    points: tuple[Point, ...] = ()
    skipped: str | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.target is None or self.value is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    def with_(self, measured: Mapping[str, Any]) -> "Finding":
        """The same with what was measured."""
        return Finding.model_validate(self.model_dump() | dict(measured))


class Circumstances(Section):
    """When, where and of which code a line was measured."""

    date: str
    scale: str
    workload: str
    machine: dict[str, str]
    versions: dict[str, str]
    commit: str
    is_dirty: bool


class Outcome(Section):
    """A line with what it found, under which circumstances."""

    line: str
    finding: Finding
    circumstances: Circumstances


def read_outcomes(path: Path) -> dict[str, Outcome]:
    """The outcomes of a file by line; none where there is no file.

    Raises:
        ValueError: the file holds something else.
    """
    if not path.is_file():
        return {}
    try:
        found = _File.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise ValueError(
            f"{path}: expected outcomes of `bench`, found others ({reason}); remove it"
        ) from None
    return {outcome.line: outcome for outcome in found.outcomes}


def keep(path: Path, outcome: Outcome, *, order: Mapping[str, Any]) -> None:
    """Put an outcome into a file in the place of an earlier one of the line."""
    outcomes = read_outcomes(path) | {outcome.line: outcome}
    ranked = sorted(outcomes.values(), key=lambda o: [*order, o.line].index(o.line))
    write_text(path, as_json(_File(outcomes=tuple(ranked)).model_dump(mode="json")))


class _File(Section):
    outcomes: tuple[Outcome, ...]
