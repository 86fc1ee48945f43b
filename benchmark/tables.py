"""The results of a profile as a table in the paper's layout (Table 1): its numbers.

A run that is missing leaves a gap, and so does every average it belongs to. `benchmark.pages` shows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import numpy as np

from benchmark.hyperparameters import Hyperparameter
from benchmark.results import PseudoLabels, Result, System
from benchmark.statistics import Spread, holm, spread

AVERAGE = "average"
"""Name of the column of averages over the targets."""


class Row(NamedTuple):
    """A row of the table: a system's models on average, or their ensemble."""

    system: System
    is_ensemble: bool


class Difference(NamedTuple):
    """UXLA minus the confidence-penalty baseline in one target; `p_holm` is over all targets.

    `low` and `high` are over examples, `crossed_low` and `crossed_high` over examples and seeds. `mcnemar`
    compares their ensembles, where examples have one label, and is corrected likewise.
    """

    target: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    mcnemar: float | None = None
    crossed_low: float | None = None
    crossed_high: float | None = None


class Labelling(NamedTuple):
    """Pseudo labels of one target, epoch and origin, in means over the lessons of the epoch."""

    target: str
    epoch: int
    origin: str
    n: float
    share_kept: float
    agreement: float
    accuracy: float | None


ROWS = tuple(Row(system, is_ensemble) for system in System for is_ensemble in (False, True))


@dataclass(frozen=True)
class Table:
    """The results of one profile by system and language; `languages` begin with the source.

    `absent` are columns that nobody runs, with the reasons; `checkpoint` is a public encoder, by its name.
    """

    encoder: str
    languages: tuple[str, ...]
    results: Mapping[tuple[System, str], Result]
    absent: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str | None = None
    hyperparameters: Sequence[Hyperparameter] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """All languages but the source."""
        return self.languages[1:]

    @property
    def first(self) -> Result:
        """Some result; what it says of profile, task, metric and seeds holds for all."""
        return next(iter(self.results.values()))

    def label(self, row: Row) -> str:
        """Name of a row as the paper prints it."""
        names = {
            System.CROSS_ENTROPY: self.encoder,
            System.CONFIDENCE_PENALTY: f"{self.encoder}+con-penalty",
            System.UXLA: "UXLA",
            System.SUPERVISED: "supervised",
        }
        return names[row.system] + " (ensemble)" * row.is_ensemble

    def scores(self, row: Row, language: str) -> list[float]:
        """Scores of a row in a language by ascending seed, or the ensemble's; empty if missing."""
        result = self.results.get((row.system, language))
        if result is None or (row.is_ensemble and result.ensemble is None):
            return []
        if row.is_ensemble and result.ensemble:
            return [result.ensemble.score]
        return [model.score for model in sorted(result.models, key=lambda model: model.seed)]

    def collapsed(self, row: Row, language: str) -> int:
        """How many models of a cell give every example the same class; an ensemble counts as none."""
        result = self.results.get((row.system, language))
        return 0 if result is None or row.is_ensemble else len(result.collapsed)

    def cell(self, row: Row, column: str) -> Spread | None:
        """Spread over models in a language or of each model's average over all targets."""
        chosen = self.targets if column == AVERAGE else (column,)
        scores = [self.scores(row, language) for language in chosen]
        return spread(np.mean(scores, axis=0).tolist()) if all(scores) else None

    def selected_on(self, system: System) -> str | None:
        """The dev set that selected the checkpoints scored in the targets, else in the source."""
        chosen = [
            self.results[system, language] for language in self.targets if (system, language) in self.results
        ]
        chosen = chosen or [result for (other, _), result in self.results.items() if other is system]
        return " / ".join(sorted({result.selected_on for result in chosen})) or None

    @property
    def missing(self) -> list[str]:
        """Runs without a score or test; a run in the source is expected of the two baselines only."""
        baselines = (System.CROSS_ENTROPY, System.CONFIDENCE_PENALTY)
        runs = [
            f"{self.label(row)} in {language}"
            for row in ROWS
            for language in (self.languages if row.system in baselines else self.targets)
            if not self.scores(row, language)
        ]
        return runs + [f"test of UXLA in {d.target}" for d in self.differences if d.p_value is None]

    @cached_property
    def differences(self) -> list[Difference]:
        """UXLA against the confidence penalty, per target; a missing test enters Holm with p = 1."""
        found = {
            language: comparison
            for (system, language), result in self.results.items()
            for comparison in result.comparisons
            if system is System.UXLA and comparison.against is System.CONFIDENCE_PENALTY
        }
        adjusted = holm([found[target].p_value if target in found else 1.0 for target in self.targets])
        exact = [found[target].mcnemar if target in found else None for target in self.targets]
        of_ensembles = holm([1.0 if p is None else p for p in exact])
        return [
            Difference(
                target,
                c.difference,
                c.interval.low,
                c.interval.high,
                c.p_value,
                p_holm,
                None if c.mcnemar is None else mcnemar,
                *((crossed.low, crossed.high) if (crossed := c.crossed_interval) else ()),
            )
            if (c := found.get(target))
            else Difference(target)
            for target, p_holm, mcnemar in zip(self.targets, adjusted, of_ensembles, strict=True)
        ]

    @property
    def labellings(self) -> list[Labelling]:
        """Quality of UXLA's pseudo labels by target, epoch and origin."""
        return [
            _labelling(target, list(lessons))
            for target in self.targets
            if (System.UXLA, target) in self.results
            for _, lessons in groupby(sorted(self.results[System.UXLA, target].pseudo_labels, key=_set), _set)
        ]


def tabulate(
    results: Sequence[Result], *, languages: Sequence[str], encoder: str, strict: bool = False
) -> Table:
    """Arrange the results of one profile; `languages` begin with the source.

    Raises:
        ValueError: the results do not belong in one table, or, if `strict`, some are missing.
    """
    if len(set(languages)) < max(2, len(languages)):
        raise ValueError(f"expected a source and other targets, was: {', '.join(languages) or 'none'}")
    if not results:
        raise ValueError("a table needs at least one result, found none; run the evaluate stage")
    for what in ("profile", "task", "metric", "split"):
        _refuse_mixture(f"one {what}", {str(getattr(result, what)) for result in results})
    _refuse_mixture("models of one set of seeds", {str(sorted(result.seeds)) for result in results})
    for language in languages:
        sizes = {str(result.n_examples) for result in results if result.language == language}
        _refuse_mixture(f"one test set for {language}", sizes)
    table = Table(encoder, tuple(languages), {(r.system, r.language): r for r in results})
    if foreign := sorted({result.language for result in results} - set(languages)):
        raise ValueError(f"expected results in {', '.join(languages)}, was: {', '.join(foreign)}")
    if len(table.results) < len(results):
        raise ValueError(
            f"expected one result a system and language, was: {len(results)} results for {len(table.results)}"
        )
    if strict and table.missing:
        raise ValueError(f"expected every run of {table.first.profile}, missing: {', '.join(table.missing)}")
    return table


def _refuse_mixture(expected: str, values: set[str]) -> None:
    if len(values) > 1:
        raise ValueError(f"a table needs {expected}, was: {' and '.join(sorted(values))}")


def _set(lesson: PseudoLabels) -> tuple[int, bool, str]:
    return lesson.epoch, lesson.origin != "target", lesson.origin


def _labelling(target: str, lessons: Sequence[PseudoLabels]) -> Labelling:
    accuracies = [lesson.accuracy for lesson in lessons if lesson.accuracy is not None]
    return Labelling(
        target,
        lessons[0].epoch,
        lessons[0].origin.replace("_", " "),
        float(np.mean([lesson.n for lesson in lessons])),
        float(np.mean([lesson.share_kept for lesson in lessons])),
        float(np.mean([lesson.agreement for lesson in lessons])),
        float(np.mean(accuracies)) if len(accuracies) == len(lessons) else None,
    )
