"""The paper's own scores beside ours: benchmark/published.yaml, and a verdict on every cell."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

import yaml
from pydantic import model_validator

from benchmark.fields import Code, Section
from benchmark.results import Interval, Percent, System
from benchmark.tables import Row, Table

PATH = Path(__file__).with_suffix(".yaml")


class Verdict(StrEnum):
    """How a score of ours stands to the paper's: whether our interval over test examples holds it."""

    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"
    NOT_COMPARABLE = "not comparable"
    NOT_RUN = "not run"
    AS_PUBLISHED = "as published"


class PublishedRow(Section):
    """A row as the paper prints it; `system` names the row of ours that it is held against.

    Scores are comparable where ours are on the same `encoder`, by default that of the paper.
    """

    name: str
    encoder: str | None = None
    system: System | None = None
    is_ensemble: bool = False
    scores: tuple[Percent | None, ...]


class PublishedTable(Section):
    """A table of the paper, in one of its settings."""

    title: str
    languages: tuple[Code, ...]
    rows: tuple[PublishedRow, ...]

    @model_validator(mode="after")
    def _one_score_a_language(self) -> Self:
        for row in self.rows:
            if len(row.scores) != len(self.languages):
                raise ValueError(f"{row.name} must have {len(self.languages)} scores, was: {len(row.scores)}")
        return self


class Published(Section):
    """All of it: the paper's encoder, its tables by the task of params.yaml, and those of its analysis."""

    encoder: str
    tables: dict[str, tuple[PublishedTable, ...]]
    distillation: PublishedTable
    transfer: PublishedTable


class Comparison(NamedTuple):
    """One score of the paper beside ours; `difference` is ours minus it."""

    name: str
    language: str
    published: float | None
    ours: float | None
    difference: float | None
    verdict: Verdict | None


@cache
def read_published() -> Published:
    """The paper's scores, as transcribed from its tables."""
    return Published.model_validate(yaml.safe_load(PATH.read_text(encoding="utf-8")))


def counterparts(table: Table) -> list[PublishedTable]:
    """The paper's tables of a task that have any of these languages."""
    found = read_published().tables.get(table.first.task, ())
    return [published for published in found if set(published.languages) & set(table.languages)]


def compare(table: Table, published: PublishedTable) -> list[Comparison]:
    """Every cell of a table of the paper beside ours, row by row."""
    return [
        _compare(table, row, language, score)
        for row in published.rows
        for language, score in zip(published.languages, row.scores, strict=True)
    ]


def verdict_of(interval: Interval, score: float) -> Verdict:
    """How our score, by its interval, stands to one of the paper's."""
    if interval.low <= score <= interval.high:
        return Verdict.WITHIN
    return Verdict.ABOVE if score < interval.low else Verdict.BELOW


def _compare(table: Table, row: PublishedRow, language: str, score: float | None) -> Comparison:
    if score is None or row.system is None:
        verdict = None if score is None else Verdict.AS_PUBLISHED
        return Comparison(row.name, language, score, None, None, verdict)
    ours = table.cell(Row(row.system, row.is_ensemble), language)
    if ours is None:
        return Comparison(row.name, language, score, None, None, Verdict.NOT_RUN)
    verdict = Verdict.NOT_COMPARABLE
    if table.encoder_of(row.system).checkpoint == (row.encoder or read_published().encoder):
        result = table.results[row.system, language]
        ensemble = result.ensemble if row.is_ensemble else None
        verdict = verdict_of(ensemble.interval if ensemble else result.interval, score)
    return Comparison(row.name, language, score, ours.mean, ours.mean - score, verdict)
