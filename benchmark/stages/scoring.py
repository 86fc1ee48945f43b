"""Scores of the models of one system, with their intervals over the test examples, and over seeds too."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.results import Interval
from benchmark.sections import EvaluationSection
from benchmark.statistics import Counts, bootstrap_interval, crossed_difference, crossed_interval
from uxla.examples import Corpus
from uxla.metrics import evaluate, span_counts
from uxla.tasks import Task

Classes = Sequence[np.ndarray[Any, np.dtype[Any]]]


def scores_of(task: Task, gold: Corpus, predicted: Sequence[Classes]) -> list[float]:
    """The task's score of every model, in percent."""
    return [evaluate(task, gold, classes)[task.metric] for classes in predicted]


def counts_of(task: Task, gold: Corpus, predicted: Sequence[Classes]) -> Counts:
    """What intervals and tests are made of: (n_models, n_examples, 3)."""
    return np.stack([span_counts(task, gold, classes) for classes in predicted])


def interval_of(counts: Counts, section: EvaluationSection) -> Interval:
    """The interval of the mean over models, over the test examples."""
    low, high = bootstrap_interval(counts, n_resamples=section.resamples, seed=section.seed)
    return Interval(low=low, high=high)


def crossed_interval_of(counts: Counts, section: EvaluationSection) -> Interval:
    """The interval of the mean over models, over test examples and seeds."""
    low, high = crossed_interval(counts, n_resamples=section.resamples, seed=section.seed)
    return Interval(low=low, high=high)


def crossed_difference_of(
    first: Counts, second: Counts, section: EvaluationSection, *, are_pairs: bool
) -> Interval:
    """The interval of the difference of two such means, over test examples and seeds."""
    low, high = crossed_difference(
        first, second, are_pairs=are_pairs, n_resamples=section.resamples, seed=section.seed
    )
    return Interval(low=low, high=high)
