"""How sure a score is: spread over models, intervals and paired tests over sentences.

A system is given by its counts, an array (n_models, n_examples, 3) of true positives, predicted
spans and gold spans (`uxla.metrics.span_counts`); its score is the mean over its models of the micro
F1, in percent. Sentences are resampled whole and jointly for all models of a system, so the
intervals speak of other sentences; those that are called crossed speak of other seeds as well.
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

TIED = 9
"""Decimals of a difference in which two are one and the same."""

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
    n = counts.shape[1]
    return _interval(lambda codes, axis: _mean_f1(_sums(table, codes, axis)), [n], n_resamples, seed)


def crossed_interval(counts: Counts, *, n_resamples: int, seed: int) -> Interval:
    """Confidence interval of `mean_f1` over sentences and seeds, by the crossed percentile bootstrap.

    Every resample draws sentences and, independently, models, both with replacement, as all models
    label the same sentences (the pigeonhole bootstrap of Owen, 2007). Of three models it is rough: in
    simulations it holds the true score in 80 % of samples where models differ more than sentences,
    and in 99 % where they do not differ. Models that taught one another may also be more alike than
    those of repeated runs. One model can only be drawn as itself.
    """
    table = _halves(counts)
    n_models, n, _ = counts.shape
    return _interval(
        lambda codes, models, axis: _drawn_f1(table, codes, models, axis), [n, n_models], n_resamples, seed
    )


def crossed_difference(
    first: Counts, second: Counts, *, are_pairs: bool, n_resamples: int, seed: int
) -> Interval:
    """The same for the difference of two systems on the same examples, first minus second.

    Models are pairs where the second system's is what the first one's began as: UXLA adapts the
    models that were warmed up with the confidence penalty, one a seed. A seed is then drawn with both
    of its models, since a repetition would train both anew: the luck that one hands on to the other
    cancels, as it does in the difference. Models that have no more than the number of their seed in
    common are drawn for each system alone; there may be more of one than of the other.

    Raises:
        ValueError: the counts do not belong to the same examples, or pairs to as many models.
    """
    if are_pairs and len(first) != len(second):
        raise ValueError(f"pairs need as many models of both, was: {len(first)} and {len(second)}")
    ours, theirs = _halves(first), _halves(second)
    _refuse_other_examples(first, second)

    def difference(codes: Codes, *models: Codes, axis: int) -> Floats:
        return _drawn_f1(ours, codes, models[0], axis) - _drawn_f1(theirs, codes, models[-1], axis)

    drawn = [len(first)] if are_pairs else [len(first), len(second)]
    return _interval(difference, [first.shape[1], *drawn], n_resamples, seed)


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
    _refuse_other_examples(first, second)
    table = np.concatenate([_halves(first), _halves(second)], axis=-1)
    n = first.shape[1]

    def difference(codes: Codes, swapped: Codes, axis: int) -> Floats:
        apart = _mean_f1(_sums(table, codes, axis)) - _mean_f1(_sums(table, swapped, axis))
        # What is equal must be: as floats, half of the swaps that tie with what was found lie below it.
        rounded: Floats = np.round(apart, TIED)
        return rounded

    return PairedTest(
        float(difference(np.arange(n), np.arange(n, 2 * n), -1)),
        _interval(lambda codes, axis: difference(codes, codes + n, axis), [n], n_resamples, seed),
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


def _refuse_other_examples(first: Counts, second: Counts) -> None:
    if not np.array_equal(first[0, :, 2], second[0, :, 2]):
        raise ValueError("both systems must be scored on the same examples, but their gold spans differ")


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
    return np.asarray(100 * _ratios(sums).mean(axis=0))


def _drawn_f1(table: Counts, codes: Codes, models: Codes, axis: int) -> Floats:
    of_models = np.moveaxis(_ratios(_sums(table, codes, axis)), 0, axis)
    return np.asarray(100 * np.take_along_axis(of_models, models, axis).mean(axis=axis))


def _ratios(sums: Counts) -> Floats:
    doubled, total = sums
    return np.asarray(np.divide(doubled, total, out=np.zeros(doubled.shape), where=total > 0))


# SciPy resamples numbers, not rows: it is handed the positions of the sentences (the second system's
# counted on from the first's), and those of the models where they are drawn too, and the statistic
# looks their counts up. It wants two of everything: what there is one of is drawn twice.


def _interval(statistic: Statistic, sizes: Sequence[int], n_resamples: int, seed: int) -> Interval:
    result = stats.bootstrap(
        [np.arange(n) if n > 1 else np.zeros(2, dtype=int) for n in sizes],
        statistic,
        vectorized=True,
        method="percentile",
        confidence_level=CONFIDENCE_LEVEL,
        n_resamples=n_resamples,
        batch=max(1, CODES_AT_ONCE // max(sizes)),
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
