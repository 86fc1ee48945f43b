"""Intervals and tests against exact small cases, their behaviour under the null, and their symmetry."""

import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics import (
    Counts,
    bootstrap_interval,
    crossed_difference,
    crossed_interval,
    holm,
    mcnemar_test,
    mean_f1,
    paired_test,
    spread,
)

QUICK = {"n_resamples": 499, "seed": 0}


def system(generator: np.random.Generator, gold: np.ndarray, recall: float, n_models: int = 3) -> Counts:
    """Counts of models that find each gold span with a probability and invent one now and then."""
    shape = (n_models, len(gold))
    correct = generator.binomial(gold, recall, shape)
    return np.stack([correct, correct + generator.binomial(1, 0.2, shape), np.broadcast_to(gold, shape)], -1)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def gold(generator: np.random.Generator) -> np.ndarray:
    return generator.integers(0, 4, 300)


def test_spread_is_the_sample_standard_deviation() -> None:
    assert spread([80.0, 82.0, 84.0]) == (82.0, 2.0, 80.0, 84.0)
    assert spread([80.0]) == (80.0, None, 80.0, 80.0)
    with pytest.raises(ValueError, match="at least one model"):
        spread([])


def test_mean_f1_averages_the_models_micro_scores() -> None:
    counts = np.array([[[1, 1, 1], [0, 1, 1]], [[1, 2, 1], [1, 1, 1]]])
    assert mean_f1(counts) == pytest.approx((50 + 100 * 4 / 5) / 2)
    assert mean_f1(np.zeros((2, 4, 3), int)) == 0


def test_the_interval_is_that_of_resampled_sentences(
    generator: np.random.Generator, gold: np.ndarray
) -> None:
    counts = system(generator, gold, 0.8)
    weights = generator.multinomial(len(gold), np.full(len(gold), 1 / len(gold)), 4000)
    sums = np.einsum("bn,mnc->bmc", weights, counts)
    scores = (200 * sums[..., 0] / (sums[..., 1] + sums[..., 2])).mean(axis=1)
    interval = bootstrap_interval(counts, n_resamples=4000, seed=1)
    assert interval == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.2)
    assert interval.low < mean_f1(counts) < interval.high


def test_an_interval_without_variation_is_a_point() -> None:
    perfect = np.ones((3, 20, 3), int)
    assert bootstrap_interval(perfect, **QUICK) == (100, 100)
    assert bootstrap_interval(perfect[:, :1], **QUICK) == (100, 100)


def of_accuracies(generator: np.random.Generator, accuracies: list[float], n: int) -> Counts:
    """Counts of classifiers that are right with a probability each."""
    right = generator.binomial(1, np.array(accuracies)[:, None], (len(accuracies), n))
    return np.stack([right, np.ones_like(right), np.ones_like(right)], -1)


def test_the_crossed_interval_is_that_of_resampled_sentences_and_models(
    generator: np.random.Generator,
) -> None:
    counts = of_accuracies(generator, [0.6, 0.7, 0.9], 80)
    sentences = generator.multinomial(80, np.full(80, 1 / 80), 20_000)
    models = generator.multinomial(3, np.full(3, 1 / 3), 20_000)
    scores = 100 * np.einsum("bm,bn,mn->b", models, sentences, counts[..., 0]) / (3 * 80)
    interval = crossed_interval(counts, n_resamples=20_000, seed=1)
    assert interval == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.9)


@pytest.mark.parametrize(
    ("n_models", "over_sentences", "over_both"), [(3, (0.2, 0.6), (0.7, 0.9)), (20, (0.2, 0.7), (0.88, 1))]
)
def test_where_seeds_decide_only_the_crossed_interval_holds_the_true_score(
    generator: np.random.Generator,
    n_models: int,
    over_sentences: tuple[float, float],
    over_both: tuple[float, float],
) -> None:
    """Accuracies are spread by 8 points around 70 %; that of three models is too narrow, as it says."""
    held = np.zeros((100, 2), dtype=bool)
    for trial in range(100):
        accuracies = np.clip(generator.normal(0.7, 0.08, n_models), 0, 1).tolist()
        counts = of_accuracies(generator, accuracies, 200)
        for number, interval in enumerate((bootstrap_interval, crossed_interval)):
            low, high = interval(counts, n_resamples=199, seed=trial)
            held[trial, number] = low <= 70 <= high
    for share, (least, most) in zip(held.mean(axis=0), (over_sentences, over_both), strict=True):
        assert least <= share <= most


def test_models_that_are_alike_leave_the_spread_of_the_sentences(generator: np.random.Generator) -> None:
    one = of_accuracies(generator, [0.7], 300)
    over_sentences = bootstrap_interval(one, n_resamples=4000, seed=1)
    assert crossed_interval(one, n_resamples=4000, seed=1) == pytest.approx(over_sentences, abs=0.5)
    alike = np.repeat(one, 3, axis=0)
    assert crossed_interval(alike, n_resamples=4000, seed=1) == pytest.approx(over_sentences, abs=0.5)


def test_a_crossed_interval_without_variation_is_a_point() -> None:
    perfect = np.ones((3, 20, 3), int)
    assert crossed_interval(perfect, **QUICK) == (100, 100)
    assert crossed_interval(perfect[:1, :1], **QUICK) == (100, 100)


def test_one_sentence_leaves_the_spread_of_the_models() -> None:
    counts = np.array([[[0, 1, 1]], [[1, 1, 1]], [[1, 1, 1]]])
    assert crossed_interval(counts, n_resamples=999, seed=0) == (0, 100)


def test_luck_that_a_seed_hands_on_cancels_where_its_models_are_pairs(generator: np.random.Generator) -> None:
    """Each first model is its second one, better by ten points; the second ones are far apart."""
    second = of_accuracies(generator, [0.3, 0.5, 0.8], 400)
    first = second.copy()
    first[:, :40, 0], second[:, :40, 0] = 1, 0
    options = {"n_resamples": 999, "seed": 0}
    pairs = crossed_difference(first, second, are_pairs=True, **options)
    assert pairs == pytest.approx(paired_test(first, second, **options).interval, abs=1)
    apart = crossed_difference(first, second, are_pairs=False, **options)
    assert apart.low < -10
    assert apart.high > 30


def test_a_crossed_difference_turns_with_the_systems_and_vanishes_between_equals(
    generator: np.random.Generator,
) -> None:
    first, second = of_accuracies(generator, [0.7, 0.8, 0.9], 50), of_accuracies(generator, [0.6] * 3, 50)
    forth = crossed_difference(first, second, are_pairs=True, **QUICK)
    back = crossed_difference(second, first, are_pairs=True, **QUICK)
    assert forth == pytest.approx((-back.high, -back.low))
    assert crossed_difference(first, first, are_pairs=True, **QUICK) == (0, 0)


def test_systems_that_are_no_pairs_may_have_other_numbers_of_models(generator: np.random.Generator) -> None:
    first, second = of_accuracies(generator, [0.9], 50), of_accuracies(generator, [0.4, 0.5, 0.6], 50)
    interval = crossed_difference(first, second, are_pairs=False, **QUICK)
    assert interval.low < mean_f1(first) - mean_f1(second) < interval.high
    with pytest.raises(ValueError, match="pairs need as many models of both, was: 1 and 3"):
        crossed_difference(first, second, are_pairs=True, **QUICK)
    with pytest.raises(ValueError, match="their gold spans differ"):
        crossed_difference(first, second[:, :9], are_pairs=False, **QUICK)


def test_one_seed_gives_one_crossed_interval(generator: np.random.Generator) -> None:
    counts = of_accuracies(generator, [0.6, 0.7, 0.9], 300)
    assert crossed_interval(counts, **QUICK) == crossed_interval(counts, **QUICK)
    assert crossed_interval(counts, **QUICK) != crossed_interval(counts, n_resamples=499, seed=1)


def test_resamples_of_a_large_test_set_are_never_all_in_memory(generator: np.random.Generator) -> None:
    """All positions at once would be 160 MB."""
    counts = of_accuracies(generator, [0.6, 0.7, 0.9], 10_000)
    tracemalloc.start()
    crossed_interval(counts, n_resamples=2000, seed=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6


def test_few_sentences_are_tested_exactly(generator: np.random.Generator) -> None:
    gold = np.array([1, 2, 3, 1, 2, 2])
    first, second = system(generator, gold, 0.9), system(generator, gold, 0.4)
    observed = mean_f1(first) - mean_f1(second)
    null = []
    for swaps in itertools.product([False, True], repeat=len(gold)):
        swap = np.array(swaps)[None, :, None]
        null.append(mean_f1(np.where(swap, second, first)) - mean_f1(np.where(swap, first, second)))
    tails = np.mean(np.array(null) >= observed - 1e-9), np.mean(np.array(null) <= observed + 1e-9)
    tested = paired_test(first, second, **QUICK)
    assert tested.difference == pytest.approx(observed)
    assert tested.p_value == pytest.approx(min(1, 2 * min(tails)))


def test_swaps_that_tie_with_what_was_found_count() -> None:
    """In floats, means of three models that are equal differ in their last bits."""
    right = (np.random.default_rng(1).random((1, 3, 5010)) < 0.81).astype(np.int64).repeat(2, axis=0)
    # Fourteen examples are right in one system alone, eight of them in the first, each for one of its models.
    right[..., :14] = 1
    for example in range(14):
        right[int(example < 8), example % 3, example] = 0
    first, second = (np.stack([each, np.ones_like(each), np.ones_like(each)], axis=-1) for each in right)
    null = np.array(list(itertools.product([1, -1], repeat=14))).sum(axis=1)
    expected = 2 * min(np.mean(null >= 2), np.mean(null <= 2))
    found = paired_test(first, second, n_resamples=1999, seed=1)
    assert found.difference == pytest.approx(100 * 2 / (3 * 5010))
    assert found.p_value == pytest.approx(expected, abs=0.06)


def test_p_is_uniform_under_the_null(generator: np.random.Generator) -> None:
    gold = generator.integers(0, 3, 40)
    tested = [
        paired_test(
            system(generator, gold, 0.7), system(generator, gold, 0.7), n_resamples=199, seed=trial
        ).p_value
        for trial in range(100)
    ]
    assert stats.kstest(tested, "uniform").pvalue > 0.01


def test_a_better_system_is_told_apart(generator: np.random.Generator, gold: np.ndarray) -> None:
    tested = paired_test(system(generator, gold, 0.9), system(generator, gold, 0.6), **QUICK)
    assert tested.p_value == pytest.approx(2 / 500)
    assert 0 < tested.interval.low < tested.difference < tested.interval.high


def test_exchanging_the_systems_turns_the_sign(generator: np.random.Generator, gold: np.ndarray) -> None:
    first, second = system(generator, gold, 0.72), system(generator, gold, 0.7)
    forth, back = paired_test(first, second, **QUICK), paired_test(second, first, **QUICK)
    assert forth.difference == -back.difference
    assert forth.p_value == back.p_value
    assert forth.interval == pytest.approx((-back.interval.high, -back.interval.low))


def test_identical_systems_do_not_differ(generator: np.random.Generator, gold: np.ndarray) -> None:
    counts = system(generator, gold, 0.7)
    assert paired_test(counts, counts, **QUICK) == (0, (0, 0), 1)


def test_one_sentence_proves_nothing() -> None:
    first, second = np.array([[[1, 1, 1]]]), np.array([[[0, 1, 1]]])
    assert paired_test(first, second, **QUICK) == (100, (100, 100), 1)


def test_one_seed_gives_one_answer(generator: np.random.Generator, gold: np.ndarray) -> None:
    first, second = system(generator, gold, 0.72), system(generator, gold, 0.7)
    assert paired_test(first, second, **QUICK) == paired_test(first, second, **QUICK)
    assert paired_test(first, second, **QUICK) != paired_test(first, second, n_resamples=499, seed=1)


def test_refusals() -> None:
    counts = np.ones((3, 5, 3), int)
    with pytest.raises(ValueError, match=r"one shape, was: \(3, 5, 3\) and \(3, 4, 3\)"):
        paired_test(counts, counts[:, :4], **QUICK)
    with pytest.raises(ValueError, match="their gold spans differ"):
        paired_test(counts, 2 * counts, **QUICK)
    with pytest.raises(ValueError, match=r"\(n_models, n_examples, 3\), was: \(5, 3\)"):
        bootstrap_interval(counts[0], **QUICK)


def labelled(*right: int) -> Counts:
    """Counts of one classifier that is right or wrong on each example."""
    return np.array([[value, 1, 1] for value in right])


def test_mcnemar_is_the_binomial_test_of_what_only_one_of_them_gets_right() -> None:
    first, second = labelled(*[1] * 10, *[0] * 3, *[1] * 20), labelled(*[0] * 10, *[1] * 3, *[1] * 20)
    expected = stats.binomtest(3, 13, 0.5).pvalue
    assert mcnemar_test(first, second) == pytest.approx(expected)
    assert mcnemar_test(second, first) == pytest.approx(expected)
    assert mcnemar_test(first, first) == 1


def test_mcnemar_needs_one_label_an_example() -> None:
    with pytest.raises(ValueError, match="one label an example"):
        mcnemar_test(labelled(1, 0), np.array([[1, 2, 1], [0, 1, 1]]))
    with pytest.raises(ValueError, match="one label an example"):
        mcnemar_test(labelled(1, 0), labelled(1))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []
