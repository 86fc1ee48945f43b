"""Eq. 1 by hand."""

from math import log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uxla.losses import cross_entropy

# Two positions of two classes: probabilities (3/4, 1/4) and (1/2, 1/2).
LOGITS = torch.tensor([[log(3.0), 0.0], [2.0, 2.0]])
CLASSES = torch.tensor([0, 1])


def test_without_penalty_it_is_the_mean_negative_log_probability() -> None:
    loss = cross_entropy(LOGITS, CLASSES, confidence_penalty=False)
    assert loss.item() == pytest.approx((-log(3 / 4) - log(1 / 2)) / 2)


def test_the_penalty_adds_the_mean_of_p_log_p() -> None:
    loss = cross_entropy(LOGITS, CLASSES, confidence_penalty=True)
    first = -log(3 / 4) + 3 / 4 * log(3 / 4) + 1 / 4 * log(1 / 4)
    second = -log(1 / 2) + log(1 / 2)
    assert loss.item() == pytest.approx((first + second) / 2)


def test_the_penalty_draws_a_sure_model_back() -> None:
    sure = torch.tensor([[4.0, 0.0]], requires_grad=True)
    # -log p is nearly flat here, and the gradient of p log p outweighs it: less confidence is better.
    cross_entropy(sure, torch.tensor([0]), confidence_penalty=True).backward()
    assert sure.grad is not None
    assert sure.grad[0, 0] > 0


@pytest.mark.parametrize("confidence_penalty", [True, False])
def test_probabilities_that_underflow_give_finite_losses_and_gradients(confidence_penalty: bool) -> None:
    logits = torch.tensor([[0.0, -1e4, 1e4]], requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([1]), confidence_penalty=confidence_penalty)
    loss.backward()
    assert loss.item() == pytest.approx(2e4)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_half_precision_logits_are_summed_in_full_precision() -> None:
    assert cross_entropy(LOGITS.bfloat16(), CLASSES, confidence_penalty=True).dtype is torch.float32


def test_soft_labels_weigh_every_class() -> None:
    labels = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    loss = cross_entropy(LOGITS, labels, confidence_penalty=False)
    assert loss.item() == pytest.approx((-0.25 * log(3 / 4) - 0.75 * log(1 / 4) - log(1 / 2)) / 2)


def test_soft_labels_equal_to_the_probabilities_leave_nothing_to_learn() -> None:
    logits = LOGITS.clone().requires_grad_()
    cross_entropy(logits, torch.softmax(LOGITS, dim=-1), confidence_penalty=False).backward()
    assert logits.grad is not None
    assert logits.grad.flatten().tolist() == pytest.approx([0.0] * 4, abs=1e-7)


@pytest.mark.parametrize("confidence_penalty", [True, False])
@given(st.lists(st.tuples(st.integers(0, 2), *[st.floats(-1e4, 1e4, width=32)] * 3), min_size=1, max_size=9))
def test_soft_labels_that_are_sure_give_the_loss_and_gradients_of_classes(
    confidence_penalty: bool, rows: list[tuple[int, float, float, float]]
) -> None:
    classes = torch.tensor([row[0] for row in rows])
    losses, gradients = [], []
    for labels in (classes, torch.nn.functional.one_hot(classes, 3).float()):
        logits = torch.tensor([row[1:] for row in rows], requires_grad=True)
        loss = cross_entropy(logits, labels, confidence_penalty=confidence_penalty)
        loss.backward()
        losses.append(loss.item())
        gradients.append(logits.grad)
    # The mean is summed in another order, and the penalty may leave next to nothing of it.
    assert losses[0] == pytest.approx(losses[1], rel=1e-6, abs=1e-5)
    assert torch.equal(*gradients)


@given(st.lists(st.tuples(*[st.floats(-20, 20)] * 3), min_size=1, max_size=5))
def test_the_penalty_lies_between_minus_log_n_classes_and_zero(
    rows: list[tuple[float, float, float]],
) -> None:
    logits, classes = torch.tensor(rows), torch.zeros(len(rows), dtype=torch.int64)
    plain, penalised = (
        cross_entropy(logits, classes, confidence_penalty=penalty).item() for penalty in (False, True)
    )
    assert -log(3) - 1e-4 <= penalised - plain <= 1e-4


@pytest.mark.parametrize("labels", [CLASSES, torch.tensor([[0.25, 0.75], [1.0, 0.0]])])
@pytest.mark.parametrize("penalty", [False, True])
def test_positions_without_weight_do_not_count(labels: torch.Tensor, penalty: bool) -> None:
    expected = cross_entropy(LOGITS, labels, confidence_penalty=penalty)
    others = torch.tensor([[7.0, -2.0]])
    loss = cross_entropy(
        torch.cat([others, LOGITS]),
        torch.cat([labels[:1], labels]),
        confidence_penalty=penalty,
        weights=torch.tensor([0.0, 0.5, 0.5]),
    )
    assert loss.item() == pytest.approx(expected.item())
