"""Which examples are trusted: the most confident, those of the low-loss cluster, those agreed upon."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxla.distillation import agreement, distill_by_clustering, distill_by_confidence, low_loss_posterior
from uxla.predictions import Predictions


def certain(*confidences: float) -> Predictions:
    """Examples of one position and two classes, the first as probable as given."""
    highest = np.array(confidences, np.float32)
    return Predictions(np.stack([highest, 1 - highest], axis=1), np.arange(len(highest) + 1))


def of_losses(losses: Sequence[float] | np.ndarray) -> Predictions:
    """Examples of one position with the given losses; probabilities need not add up to 1 for that."""
    highest = np.exp(-np.asarray(losses, np.float64)).astype(np.float32)
    return Predictions(np.stack([highest, np.zeros_like(highest)], axis=1), np.arange(len(highest) + 1))


def labelled(*sentences: Sequence[int]) -> Predictions:
    """Sentences of words with the given classes, of three."""
    counts = [len(sentence) for sentence in sentences]
    classes = [label for sentence in sentences for label in sentence]
    probabilities = np.eye(3, dtype=np.float32)[classes]
    return Predictions(probabilities, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


CONFIDENCES = st.lists(st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]), max_size=30)
SENTENCES = st.lists(st.lists(st.integers(0, 2), max_size=3), min_size=1, max_size=8)


# By confidence.


@given(CONFIDENCES)
@settings(deadline=None)
def test_keeping_everything_is_the_identity(confidences: list[float]) -> None:
    kept = distill_by_confidence(certain(*confidences), 1.0)
    assert kept.tolist() == list(range(len(confidences)))


def test_keeping_nothing_is_empty() -> None:
    assert distill_by_confidence(certain(0.9, 0.8), 0.0).tolist() == []


@given(CONFIDENCES, st.floats(0, 1))
@settings(deadline=None)
def test_the_examples_kept_are_the_most_confident(confidences: list[float], fraction: float) -> None:
    kept = distill_by_confidence(certain(*confidences), fraction).tolist()
    left = [i for i in range(len(confidences)) if i not in kept]
    assert kept == sorted(kept)
    assert all(confidences[i] >= confidences[j] for i in kept for j in left)
    # Of equally confident examples the earlier is kept.
    assert all(i < j for i in kept for j in left if confidences[i] == confidences[j])


@pytest.mark.parametrize(
    ("n_examples", "fraction", "n_kept"),
    [(10, 0.5, 5), (9, 0.5, 4), (3, 0.3, 0), (100, 0.29, 29), (1000, 0.58, 580), (7, 0.999, 6)],
)
def test_the_number_kept_is_rounded_down_and_not_further(
    n_examples: int, fraction: float, n_kept: int
) -> None:
    assert len(distill_by_confidence(certain(*[0.9] * n_examples), fraction)) == n_kept


def test_a_case_worked_by_hand() -> None:
    predictions = certain(0.6, 0.9, 0.7, 0.9, 0.8)
    assert distill_by_confidence(predictions, 0.2).tolist() == [1]
    assert distill_by_confidence(predictions, 0.4).tolist() == [1, 3]
    assert distill_by_confidence(predictions, 0.6).tolist() == [1, 3, 4]


def test_the_confidence_of_a_sentence_is_the_mean_over_its_words() -> None:
    probabilities = np.array(
        [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2], [0.2, 0.8], [0.9, 0.1]], np.float32
    )
    predictions = Predictions(probabilities, np.array([0, 3, 5, 6]))
    # (.9 + .6 + .7) / 3, (.8 + .8) / 2 and .9: neither the product nor the sum.
    assert predictions.confidence == pytest.approx([2.2 / 3, 0.8, 0.9])
    assert distill_by_confidence(predictions, 2 / 3).tolist() == [1, 2]


@pytest.mark.parametrize("fraction", [-0.1, 1.1, 80])
def test_a_fraction_outside_zero_and_one_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match=rf"keep_fraction must lie in \[0, 1\], was: {fraction}"):
        distill_by_confidence(certain(0.9), fraction)


# By clustering.


def two_clusters(seed: int = 0, n_low: int = 60, n_high: int = 40) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(0.2, 0.03, n_low), random.normal(1.5, 0.2, n_high)])


def test_the_low_loss_cluster_is_kept() -> None:
    kept = distill_by_clustering(of_losses(two_clusters()), 0.5, seed=1)
    assert kept.tolist() == list(range(60))


@given(st.integers(0, 10**6), st.integers(3, 60))
@settings(deadline=None, max_examples=40)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_neither_the_posterior_nor_the_choice_depends_on_the_order_of_rows(
    seed: int, n_examples: int
) -> None:
    random = np.random.default_rng(seed)
    losses = random.exponential(0.5, n_examples)
    features = random.normal(size=(n_examples, 2))
    order = random.permutation(n_examples)
    for further, reordered in ((None, None), (features, features[order])):
        posterior = low_loss_posterior(of_losses(losses), seed=1, features=further)
        shuffled = low_loss_posterior(of_losses(losses[order]), seed=1, features=reordered)
        assert shuffled.tolist() == posterior[order].tolist()


def test_the_threshold_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "uxla.distillation.low_loss_posterior", lambda *_, **__: np.array([0.5, 0.5 + 1e-9, 1.0, 0.0])
    )
    predictions = of_losses([1, 2, 3, 4])
    assert distill_by_clustering(predictions, 0.5, seed=1).tolist() == [1, 2]
    assert distill_by_clustering(predictions, 1.0, seed=1).tolist() == []
    assert distill_by_clustering(predictions, 0.0, seed=1).tolist() == [0, 1, 2]


def test_a_posterior_that_is_not_monotone_in_the_loss_is_kept_as_it_is() -> None:
    # Near 1 the examples are of the tight cluster; further down the tail of the wide one is higher.
    random = np.random.default_rng(3)
    losses = np.concatenate([random.normal(1.0, 0.02, 300), random.normal(2.0, 0.8, 300).clip(0.01)])
    posterior = low_loss_posterior(of_losses(losses), seed=1)
    smallest = losses.argmin()
    assert losses[smallest] < 0.2
    assert posterior[smallest] < 0.01
    assert posterior[:300].mean() > 0.9
    assert smallest not in distill_by_clustering(of_losses(losses), 0.5, seed=1)


@pytest.mark.parametrize("losses", [[], [0.7], [0.4, 0.4, 0.4]])
def test_without_two_different_losses_all_examples_are_good(losses: list[float]) -> None:
    predictions = of_losses(losses)
    assert low_loss_posterior(predictions, seed=1).tolist() == [1.0] * len(losses)
    assert distill_by_clustering(predictions, 0.5, seed=1).tolist() == list(range(len(losses)))


def test_two_different_losses_are_two_clusters() -> None:
    assert distill_by_clustering(of_losses([2.0, 0.1]), 0.5, seed=1).tolist() == [1]


def test_probabilities_that_underflow_have_a_finite_loss() -> None:
    predictions = Predictions(np.array([[0.0, 0.0], [1.0, 0.0], [0.9, 0.1]], np.float32), np.arange(4))
    assert np.isfinite(predictions.loss).all()
    assert 0 not in distill_by_clustering(predictions, 0.5, seed=1)


def test_the_same_seed_gives_the_same_choice_and_fitting_touches_nothing() -> None:
    predictions = of_losses(two_clusters(5))
    before = predictions.probabilities.copy()
    np.random.seed(0)
    state = np.random.get_state()[1].tolist()
    first = low_loss_posterior(predictions, seed=2**62 + 7)
    assert low_loss_posterior(predictions, seed=2**62 + 7).tolist() == first.tolist()
    assert (predictions.probabilities == before).all()
    assert np.random.get_state()[1].tolist() == state


def test_a_further_feature_tells_apart_what_losses_do_not() -> None:
    random = np.random.default_rng(1)
    losses = np.concatenate([random.normal(0.50, 0.05, 50), random.normal(0.55, 0.05, 50)])
    feature = np.concatenate([random.normal(-9, 0.3, 50), random.normal(9, 0.3, 50)])[:, None]
    kept = distill_by_clustering(of_losses(losses), 0.5, seed=1, features=feature)
    assert kept.tolist() == list(range(50))
    assert distill_by_clustering(of_losses(losses), 0.5, seed=1).tolist() != list(range(50))


def test_the_unit_of_a_further_feature_does_not_matter() -> None:
    feature = np.random.default_rng(2).normal(size=(100, 1))
    predictions = of_losses(two_clusters())
    posterior = low_loss_posterior(predictions, seed=1, features=feature)
    assert low_loss_posterior(predictions, seed=1, features=1000 * feature) == pytest.approx(posterior)
    constant = np.full((100, 1), 3.0)
    assert distill_by_clustering(predictions, 0.5, seed=1, features=constant).tolist() == list(range(60))


@pytest.mark.parametrize("threshold", [-0.5, 1.01])
def test_a_threshold_outside_zero_and_one_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=rf"posterior_threshold must lie in \[0, 1\], was: {threshold}"):
        distill_by_clustering(certain(0.9), threshold, seed=1)


# By agreement.


def test_one_differing_word_excludes_a_sentence() -> None:
    first = labelled([0, 1, 2], [0, 1], [2], [1, 1])
    second = labelled([0, 1, 2], [0, 2], [2], [0, 1])
    assert agreement(first, rows(0, 1, 2, 3), second, rows(0, 1, 2, 3)).tolist() == [0, 2]


def test_only_rows_that_both_selected_are_agreed_upon() -> None:
    same = labelled([0], [1], [2], [0])
    assert agreement(same, rows(0, 1, 3), same, rows(1, 2, 3)).tolist() == [1, 3]


def test_disjoint_selections_agree_on_nothing() -> None:
    same = labelled([0], [1], [2])
    assert agreement(same, rows(0, 2), same, rows(1)).tolist() == []
    assert agreement(same, rows(), same, rows(0, 1, 2)).tolist() == []


@given(SENTENCES, st.data())
@settings(deadline=None)
def test_agreement_is_symmetric_and_idempotent(sentences: list[list[int]], data: st.DataObject) -> None:
    chosen = st.lists(st.integers(0, len(sentences) - 1), unique=True).map(lambda some: rows(*sorted(some)))
    others = [[data.draw(st.integers(0, 2)) for _ in sentence] for sentence in sentences]
    first, second = labelled(*sentences), labelled(*others)
    k, j = data.draw(chosen), data.draw(chosen)
    agreed = agreement(first, k, second, j)
    assert agreement(second, j, first, k).tolist() == agreed.tolist()
    assert agreement(first, agreed, second, agreed).tolist() == agreed.tolist()
    assert agreement(first, k, first, k).tolist() == k.tolist()
    expected = [i for i in sorted(set(k) & set(j)) if sentences[i] == others[i]]
    assert agreed.tolist() == expected


def test_peers_that_label_different_corpora_are_refused() -> None:
    with pytest.raises(ValueError, match="peers must label one corpus, was: 2 and 1 examples"):
        agreement(labelled([0], [1]), rows(0), labelled([0]), rows(0))
    with pytest.raises(ValueError, match="peers must label one corpus"):
        agreement(labelled([0, 1], [1]), rows(0), labelled([0], [1, 1]), rows(0))
