"""Confidence, loss and ensembles of written-out probabilities."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxla.predictions import Predictions, ensemble


def predictions(rows: list[list[float]], starts: list[int]) -> Predictions:
    probabilities = np.array(rows, np.float32).reshape(len(rows), -1 if rows else 2)
    return Predictions(probabilities, np.array(starts, np.int64))


# Two examples, of two words and of one.
TWO = predictions([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]], [0, 2, 3])


def test_the_class_of_a_position_is_its_most_probable() -> None:
    assert len(TWO) == 2
    assert TWO.flat_classes.tolist() == [0, 1, 0]
    assert [classes.tolist() for classes in TWO.classes] == [[0, 1], [0]]


def test_confidence_is_the_mean_over_positions_of_the_highest_probability() -> None:
    assert TWO.confidence == pytest.approx([0.8, 0.5])


def test_loss_is_the_mean_cross_entropy_of_the_own_classes() -> None:
    assert TWO.loss == pytest.approx([-(log(0.9) + log(0.7)) / 2, log(2)], rel=1e-6)


def test_an_example_without_positions_has_no_class_and_zero_confidence() -> None:
    gap = predictions([[0.9, 0.1], [0.3, 0.7]], [0, 1, 1, 2])
    assert [classes.tolist() for classes in gap.classes] == [[0], [], [1]]
    assert gap.confidence == pytest.approx([0.9, 0, 0.7])


def test_no_examples_give_empty_answers() -> None:
    nothing = predictions([], [0])
    assert (len(nothing), nothing.classes) == (0, [])
    assert nothing.flat_classes.tolist() == nothing.confidence.tolist() == nothing.loss.tolist() == []
    assert len(ensemble([nothing, nothing])) == 0


def test_selected_examples_keep_their_positions_and_the_order_they_are_asked_for_in() -> None:
    whole = predictions([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5], [0.2, 0.8]], [0, 2, 2, 3, 4])
    some = whole.select(np.array([3, 1, 0]))
    assert some.starts.tolist() == [0, 1, 1, 3]
    assert some.probabilities[:, 0] == pytest.approx([0.2, 0.9, 0.3])
    assert whole.select(np.array([], np.int64)).probabilities.shape == (0, 2)
    assert len(whole.select(np.array([], np.int64))) == 0


def test_an_ensemble_averages_probabilities_not_logits() -> None:
    # One model is nearly sure of class 0, two lean to class 1: the mean of logits says 0.
    members = [predictions([row], [0, 1]) for row in ([0.998, 0.002], [0.2, 0.8], [0.2, 0.8])]
    mean = ensemble(members)
    assert mean.probabilities[0] == pytest.approx([(0.998 + 0.2 + 0.2) / 3, (0.002 + 0.8 + 0.8) / 3])
    assert mean.flat_classes.tolist() == [1]
    logits = np.mean([np.log(member.probabilities[0]) for member in members], axis=0)
    assert logits.argmax() == 0


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5))
def test_the_order_of_members_does_not_matter_and_a_copy_adds_nothing(shares: list[list[float]]) -> None:
    members = [predictions([[p, 1 - p] for p in row], [0, 1, 3]) for row in shares]
    assert ensemble(members).probabilities == pytest.approx(ensemble(members[::-1]).probabilities, abs=1e-6)
    assert np.array_equal(ensemble(members[:1] * 3).probabilities, members[0].probabilities)


def test_an_ensemble_of_nobody_or_of_different_corpora_is_refused() -> None:
    with pytest.raises(ValueError, match="predictions of one corpus, was: 0 members"):
        ensemble([])
    with pytest.raises(ValueError, match="predictions of one corpus, was: 2 members"):
        ensemble([TWO, predictions([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]], [0, 1, 3])])
