"""How sure a score is: spread over models, intervals and paired tests over sentences.

A system is given by its counts, an array (n_models, n_examples, 3) of true positives, predicted
spans and gold spans (`uxla.metrics.span_counts`); its score is the mean over its models of the micro
F1, in percent. Sentences are resampled whole and jointly for all models of a system, so the
intervals speak of other sentences, not of other seeds.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

Counts = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[Any]]
Statistic = Callable[..., Floats]

CONFIDENCE_LEVEL = 0.95
"""Share of samples whose interval is meant to hold the true score."""

CODES_AT_ONCE = 2**19
"""Sentences looked up in one batch of resamples: bounds the memory to some 50 MB."""


class Spread(NamedTuple):
    """Scores of several models; `std` is the sample standard deviation, None for one model."""

    mean: float
    std: float | None
    minimum: float
    maximum: float


class Interval(NamedTuple):
    """Ends of a confidence interval."""

    low: float
    high: float


class PairedTest(NamedTuple):
    """Difference of two systems, first minus second, and how likely chance alone would exceed it."""

    difference: float
    interval: Interval
    p_value: float


def spread(scores: Sequence[float]) -> Spread:
    """Mean, sample standard deviation and extremes over models."""
    if not scores:
        raise ValueError("a spread needs the score of at least one model, was: none")
    std = float(np.std(scores, ddof=1)) if len(scores) > 1 else None
    return Spread(float(np.mean(scores)), std, float(min(scores)), float(max(scores)))


def mean_f1(counts: Counts) -> float:
    """Micro F1 of every model over all examples, averaged over the models; 0 without any span."""
    return float(_mean_f1(_halves(counts).sum(axis=-1)))


def bootstrap_interval(counts: Counts, *, n_resamples: int, seed: int) -> Interval:
    """Confidence interval of `mean_f1` over sentences, by the percentile bootstrap.

    Percentile rather than BCa: F1 is a ratio of sums, so at the sizes of a test set the two agree,
    and BCa is undefined where all resamples do (a perfect score, common on toy data). One example
    can only be resampled as itself: its interval is the score.
    """
    table = _halves(counts)
    return _interval(
        lambda codes, axis: _mean_f1(_sums(table, codes, axis)), table.shape[-1], n_resamples, seed
    )


def paired_test(first: Counts, second: Counts, *, n_resamples: int, seed: int) -> PairedTest:
    """Compare two systems on the same examples by approximate randomisation, two-sided.

    Under the null hypothesis nobody can tell which system labelled a sentence, so every resample
    swaps whole sentences between the systems, for all models of a system at once. All 2^n swaps
    are tried where these are no more than `n_resamples`. The interval is the paired bootstrap's.

    Raises:
        ValueError: the counts do not belong to the same examples and number of models.
    """
    if first.shape != second.shape:
        raise ValueError(f"expected counts of one shape, was: {first.shape} and {second.shape}")
    if not np.array_equal(first[..., 2], second[..., 2]):
        raise ValueError("both systems must be scored on the same examples, but their gold spans differ")
    table = np.concatenate([_halves(first), _halves(second)], axis=-1)
    n = first.shape[1]

    def difference(codes: Codes, swapped: Codes, axis: int) -> Floats:
        return _mean_f1(_sums(table, codes, axis)) - _mean_f1(_sums(table, swapped, axis))

    return PairedTest(
        float(difference(np.arange(n), np.arange(n, 2 * n), -1)),
        _interval(lambda codes, axis: difference(codes, codes + n, axis), n, n_resamples, seed),
        _p_value(difference, n, n_resamples, seed),
    )


def mcnemar_test(first: Counts, second: Counts) -> float:
    """Probability by chance alone of two classifiers being right where the other is wrong as unevenly.

    The exact test of McNemar, two-sided, on counts (n_examples, 3) of the same examples, each with one label.

    Raises:
        ValueError: the counts are of other shapes, or not of one label an example.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    for counts in (first, second):
        if counts.shape != first.shape or not (counts[..., 1:] == 1).all():
            raise ValueError(f"expected one label an example, was: {first.shape} and {second.shape}")
    right, other = first[:, 0] == 1, second[:, 0] == 1
    table = [
        [(right & other).sum(), (right & ~other).sum()],
        [(~right & other).sum(), (~right & ~other).sum()],
    ]
    return min(1.0, float(mcnemar(table, exact=True).pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for testing them all, by Holm's step-down procedure.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(p_values, method="holm")[1]]


# F1 needs two sums only: twice the true positives, and predicted plus gold spans.


def _halves(counts: Counts) -> Counts:
    if counts.ndim != 3 or counts.shape[2] != 3 or counts.size == 0:
        raise ValueError(f"expected counts of shape (n_models, n_examples, 3), was: {counts.shape}")
    return np.stack([2 * counts[..., 0], counts[..., 1] + counts[..., 2]])


def _sums(table: Counts, codes: Codes, axis: int) -> Counts:
    # A lookup per column of its own is several times faster than one of all columns.
    n_models = table.shape[1]
    looked_up = [[table[half, model][codes].sum(axis=axis) for model in range(n_models)] for half in (0, 1)]
    return np.array(looked_up)


def _mean_f1(sums: Counts) -> Floats:
    doubled, total = sums
    ratio = np.divide(doubled, total, out=np.zeros(doubled.shape), where=total > 0)
    return np.asarray(100 * ratio.mean(axis=0))


# SciPy resamples numbers, not rows: it is handed the positions of the sentences (the second system's
# counted on from the first's) and the statistic looks their counts up.


def _interval(statistic: Statistic, n: int, n_resamples: int, seed: int) -> Interval:
    if n == 1:
        score = float(statistic(np.arange(1), axis=-1))
        return Interval(score, score)
    result = stats.bootstrap(
        (np.arange(n),),
        statistic,
        vectorized=True,
        method="percentile",
        confidence_level=CONFIDENCE_LEVEL,
        n_resamples=n_resamples,
        batch=max(1, CODES_AT_ONCE // n),
        rng=np.random.default_rng(seed),
    )
    return Interval(float(result.confidence_interval.low), float(result.confidence_interval.high))


def _p_value(statistic: Statistic, n: int, n_resamples: int, seed: int) -> float:
    if n == 1:
        return 1.0  # the swap only turns the sign
    result = stats.permutation_test(
        (np.arange(n), np.arange(n, 2 * n)),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=n_resamples,
        batch=max(1, CODES_AT_ONCE // n),
        alternative="two-sided",
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)
