"""The CRF against all sequences of classes, one by one."""

from collections.abc import Iterator
from itertools import pairwise, product
from math import exp

import pytest
import torch

from uxla.crf import Crf
from uxla.randomness import torch_seed

CASES = [(2, (1,)), (3, (2,)), (1, (3, 2)), (3, (4, 1, 3)), (4, (1, 1)), (2, (6, 5, 1))]
"""Numbers of classes, and lengths of the rows of a batch."""

every_case = pytest.mark.parametrize(("n_classes", "lengths"), CASES)


class Case:
    """A CRF and a batch, random, with rubbish where nothing is attended; in double precision."""

    def __init__(self, n_classes: int, lengths: tuple[int, ...], *, spread: float = 2.0) -> None:
        self.n_classes, self.lengths = n_classes, lengths
        longest = max(lengths)
        with torch_seed(1, "case", n_classes, *lengths), torch.no_grad():
            self.crf = Crf(n_classes).double()
            for weight in self.crf.parameters():
                weight.normal_(std=spread)
            self.emissions = spread * torch.randn(len(lengths), longest, n_classes, dtype=torch.float64)
            self.classes = torch.randint(n_classes, (len(lengths), longest))
        self.attended = torch.arange(longest) < torch.tensor(lengths)[:, None]
        self.emissions[~self.attended] = 1e3

    def scored(self, row: int) -> Iterator[tuple[tuple[int, ...], float]]:
        """Every sequence of classes of a row with its score."""
        for classes in product(range(self.n_classes), repeat=self.lengths[row]):
            yield classes, self.by_hand(row, classes)

    def by_hand(self, row: int, classes: tuple[int, ...]) -> float:
        """The terms of a score, one by one."""
        score = self.crf.first[classes[0]].item() + self.crf.last[classes[-1]].item()
        score += sum(self.emissions[row, position, index].item() for position, index in enumerate(classes))
        return score + sum(self.crf.transitions[pair].item() for pair in pairwise(classes))

    def partition(self, row: int) -> float:
        """Log of the sum over all sequences."""
        return float(torch.tensor([score for _, score in self.scored(row)], dtype=torch.float64).logsumexp(0))


@every_case
def test_the_log_partition_sums_over_all_sequences(n_classes: int, lengths: tuple[int, ...]) -> None:
    case = Case(n_classes, lengths)
    expected = [case.partition(row) for row in range(len(lengths))]
    assert case.crf.log_partition(case.emissions, case.attended).tolist() == pytest.approx(expected)


@every_case
def test_the_score_is_the_sum_of_its_terms(n_classes: int, lengths: tuple[int, ...]) -> None:
    case = Case(n_classes, lengths)
    expected = [
        case.by_hand(row, tuple(case.classes[row, :length].tolist())) for row, length in enumerate(lengths)
    ]
    scores = case.crf.score(case.emissions, case.attended, case.classes)
    assert scores.tolist() == pytest.approx(expected)


@every_case
def test_marginals_sum_over_the_sequences_that_have_a_class(n_classes: int, lengths: tuple[int, ...]) -> None:
    case = Case(n_classes, lengths)
    expected = torch.zeros_like(case.emissions)
    for row in range(len(lengths)):
        partition = case.partition(row)
        for classes, score in case.scored(row):
            for position, index in enumerate(classes):
                expected[row, position, index] += exp(score - partition)
    marginals = case.crf.marginals(case.emissions, case.attended)
    assert torch.allclose(marginals, expected, atol=1e-9)
    assert torch.allclose(marginals.sum(2), case.attended.double())


def test_what_is_not_attended_changes_nothing_and_has_no_probability() -> None:
    case = Case(3, (4, 2))
    whole = case.crf.marginals(case.emissions, case.attended)
    alone = case.crf.marginals(case.emissions[1:, :2], case.attended[1:, :2])
    assert torch.allclose(whole[1:, :2], alone)
    assert torch.equal(whole[1, 2:], torch.zeros(2, 3).double())
    case.classes[1, 2:] = (case.classes[1, 2:] + 1) % 3
    moved = case.crf.score(case.emissions, case.attended, case.classes)
    short = case.crf.score(case.emissions[1:, :2], case.attended[1:, :2], case.classes[1:, :2])
    assert torch.allclose(moved[1], short[0])


def test_a_new_one_takes_every_position_for_itself() -> None:
    emissions, attended = torch.randn(2, 5, 3), torch.ones(2, 5, dtype=torch.bool)
    expected = emissions.softmax(2)
    assert torch.allclose(Crf(3).marginals(emissions, attended), expected, atol=1e-6)


def test_great_scores_of_long_sentences_give_finite_losses_and_gradients() -> None:
    crf = Crf(3)
    emissions = torch.full((1, 500, 3), 1e3)
    emissions[:, :, 0] = -1e3
    attended, classes = torch.ones(1, 500, dtype=torch.bool), torch.zeros(1, 500, dtype=torch.int64)
    loss = crf.log_partition(emissions, attended) - crf.score(emissions, attended, classes)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in crf.parameters())


def test_marginals_are_found_inside_inference_mode_and_leave_no_gradient() -> None:
    case = Case(3, (4, 2))
    expected = case.crf.marginals(case.emissions, case.attended)
    with torch.inference_mode():
        emissions, attended = case.emissions + 0, case.attended & True
        assert emissions.is_inference()
        assert torch.equal(case.crf.marginals(emissions, attended), expected)
    assert not expected.requires_grad
    assert all(weight.grad is None for weight in case.crf.parameters())
