"""Scores of the models of one system, with their interval over the test examples."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.results import Interval
from benchmark.sections import EvaluationSection
from benchmark.statistics import Counts, bootstrap_interval
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
    """The interval of the mean over models."""
    low, high = bootstrap_interval(counts, n_resamples=section.resamples, seed=section.seed)
    return Interval(low=low, high=high)
