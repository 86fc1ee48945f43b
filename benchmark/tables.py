"""The results of a profile as a table in the paper's layout (Table 1): its numbers.

A run that is missing leaves a gap, and so does every average it belongs to. `benchmark.pages` shows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from benchmark.hyperparameters import Hyperparameter
from benchmark.labellings import Labelling, labellings_of
from benchmark.results import SYSTEMS, ZERO_SHOT, Result, System
from benchmark.statistics import Spread, holm, spread

AVERAGE = "average"
"""Name of the column of averages over the targets."""


class Row(NamedTuple):
    """A row of the table: a system's models on average, or their ensemble."""

    system: System
    is_ensemble: bool


class Difference(NamedTuple):
    """UXLA minus a zero-shot baseline in one target; `p_holm` is over all targets.

    `low` and `high` are over examples, `crossed_low` and `crossed_high` over examples and seeds. `mcnemar`
    compares their ensembles, where examples have one label, and is corrected likewise.
    """

    against: System
    target: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    mcnemar: float | None = None
    crossed_low: float | None = None
    crossed_high: float | None = None


@dataclass(frozen=True)
class Encoder:
    """What a system's models are built on: its name in the tables, and a public checkpoint's on the hub."""

    name: str
    checkpoint: str | None = None


@dataclass(frozen=True)
class Table:
    """The results of one profile by system and language; `languages` begin with the source.

    `absent` are columns that nobody runs, with the reasons; `checkpoint` is a public encoder, by its name;
    `rivals` are the encoders of further baselines,
    by their names in params.yaml; `has_tagger` says whether the LSTM-CRF is one of these.
    """

    encoder: str
    languages: tuple[str, ...]
    results: Mapping[tuple[System, str], Result]
    absent: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str | None = None
    hyperparameters: Sequence[Hyperparameter] = ()
    rivals: Mapping[str, Encoder] = field(default_factory=dict)
    has_tagger: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """All languages but the source."""
        return self.languages[1:]

    @property
    def first(self) -> Result:
        """Some result; what it says of profile, task, metric and seeds holds for all."""
        return next(iter(self.results.values()))

    @property
    def systems(self) -> tuple[System, ...]:
        """Those of every table, and the further baselines that were run or should have been."""
        expected = {*SYSTEMS, *(system for system, _ in self.results)}
        expected |= {System(f"{rival}_confidence_penalty") for rival in self.rivals}
        expected |= {System.LSTM_CRF} if self.has_tagger else set()
        return tuple(system for system in System if system in expected)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The models of every system, and their ensemble."""
        return tuple(Row(system, is_ensemble) for system in self.systems for is_ensemble in (False, True))

    def encoder_of(self, system: System) -> Encoder:
        """What the models of a system are built on; the LSTM-CRF is on nothing."""
        if system is System.LSTM_CRF:
            return Encoder("LSTM-CRF")
        return self.rivals.get(system.partition("_")[0], Encoder(self.encoder, self.checkpoint))

    def label(self, row: Row) -> str:
        """Name of a row as the paper prints it."""
        encoder = self.encoder_of(row.system).name
        names = {
            System.UXLA: "UXLA",
            System.SUPERVISED: "supervised",
            System.LSTM_CRF: f"{encoder}, supervised",
        }
        penalised = "+con-penalty" * row.system.endswith("confidence_penalty")
        return names.get(row.system, encoder + penalised) + " (ensemble)" * row.is_ensemble

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
        """Runs without a score or test; in the source, of all but UXLA and its upper bound."""
        runs = [
            f"{self.label(row)} in {language}"
            for row in self.rows
            for language in (
                self.targets if row.system in (System.UXLA, System.SUPERVISED) else self.languages
            )
            if not self.scores(row, language)
        ]
        return runs + [
            f"test of UXLA against {self.label(Row(d.against, is_ensemble=False))} in {d.target}"
            for d in self.differences
            if d.p_value is None
        ]

    @cached_property
    def differences(self) -> list[Difference]:
        """UXLA against each zero-shot baseline, per target; a missing test enters Holm with p = 1."""
        return [difference for baseline in ZERO_SHOT for difference in self._differences(baseline)]

    def _differences(self, against: System) -> list[Difference]:
        found = {
            language: comparison
            for (system, language), result in self.results.items()
            for comparison in result.comparisons
            if system is System.UXLA and comparison.against is against
        }
        adjusted = holm([found[target].p_value if target in found else 1.0 for target in self.targets])
        exact = [found[target].mcnemar if target in found else None for target in self.targets]
        of_ensembles = holm([1.0 if p is None else p for p in exact])
        return [
            Difference(
                against,
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
            else Difference(against, target)
            for target, p_holm, mcnemar in zip(self.targets, adjusted, of_ensembles, strict=True)
        ]

    @property
    def repeats(self) -> dict[str, list[float]]:
        """Mean scores of all runs of UXLA, the one of the table first, by target, where there are several."""
        found = {target: self.results.get((System.UXLA, target)) for target in self.targets}
        return {
            target: [float(np.mean(scores)) for scores in (result.scores, *result.repeats)]
            for target, result in found.items()
            if result is not None and result.repeats
        }

    @property
    def labellings(self) -> list[Labelling]:
        """Quality of UXLA's pseudo labels by target, epoch and origin."""
        found = [(target, self.results.get((System.UXLA, target))) for target in self.targets]
        return [entry for target, result in found if result for entry in labellings_of(target, result)]


def tabulate(
    results: Sequence[Result],
    *,
    languages: Sequence[str],
    encoder: str,
    strict: bool = False,
    **about: Any,
) -> Table:
    """Arrange the results of one profile; `languages` begin with the source, `about` is more of the `Table`.

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
    table = Table(encoder, tuple(languages), {(r.system, r.language): r for r in results}, **about)
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
