"""Learning rate, decay and clipping of one update, worked by hand."""

import weakref
from dataclasses import replace

import pytest
import torch

from uxla.allocation import uncollected
from uxla.optimisation import LossLog, Optimisation, Optimiser, ignore

SETTINGS = Optimisation(
    learning_rate=0.1, lr_warmup=2, weight_decay=0.5, adam_epsilon=1e-8, max_gradient_norm=1.0
)


class Block(torch.nn.Module):
    """A layer, a norm and an embedding whose weight is also that of an output layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.norm = torch.nn.LayerNorm(2)
        self.embedding = torch.nn.Embedding(3, 2)
        self.output = torch.nn.Linear(2, 3)
        self.output.weight = self.embedding.weight
        for weight in self.parameters():
            torch.nn.init.ones_(weight)


def with_gradient(*gradient: float) -> tuple[torch.nn.Parameter, torch.nn.Module]:
    module = torch.nn.Linear(len(gradient), 1, bias=False)
    module.weight.grad = torch.tensor([gradient])
    return module.weight, module


def rates(lr_warmup: float, n_steps: int) -> list[float]:
    optimiser = Optimiser(torch.nn.Linear(1, 1), replace(SETTINGS, lr_warmup=lr_warmup), n_steps=n_steps)
    seen = []
    for step in range(n_steps + 1):
        optimiser.step(step / n_steps)
        seen.append(optimiser.adam.param_groups[0]["lr"])
    return seen


def test_the_learning_rate_rises_in_a_line_and_falls_in_a_line_to_zero() -> None:
    expected = [0, 0.05, 0.1, 0.075, 0.05, 0.025, 0]
    assert rates(2, n_steps=6) == pytest.approx(expected)


def test_a_warmup_below_one_is_a_share_of_the_steps() -> None:
    assert rates(1 / 3, n_steps=6) == pytest.approx(rates(2, n_steps=6))


def test_without_warmup_it_starts_at_the_top() -> None:
    assert rates(0, n_steps=4) == pytest.approx([0.1, 0.075, 0.05, 0.025, 0])


def test_moments_are_gone_with_the_optimiser_without_waiting_for_a_collection() -> None:
    """On a GPU a recorded update would live on, and end a later recording when it is freed."""
    with uncollected():
        optimiser = Optimiser(torch.nn.Linear(1, 1), SETTINGS, n_steps=1)
        adam = weakref.ref(optimiser.adam)
        del optimiser
        assert adam() is None


def test_a_loss_is_logged_when_the_next_one_comes() -> None:
    seen = list[tuple[int, float]]()
    waiting = LossLog(lambda step, metrics: seen.append((step, metrics["loss"])))
    waiting.add(1, [lambda: torch.tensor(0.5), lambda: torch.tensor(0.25)])
    assert not seen
    waiting.add(2, [lambda: torch.tensor(2.0)])
    assert seen == [(1, 0.75)]
    for _ in range(2):
        waiting.flush()
    assert seen == [(1, 0.75), (2, 2.0)]


def test_a_warmup_longer_than_the_training_only_rises() -> None:
    assert rates(8, n_steps=4) == pytest.approx([0, 0.0125, 0.025, 0.0375, 0.05])


def test_biases_and_norms_do_not_decay() -> None:
    module = Block()
    optimiser = Optimiser(module, replace(SETTINGS, lr_warmup=0), n_steps=1)
    for weight in module.parameters():
        weight.grad = torch.zeros_like(weight)
    optimiser.step(0.0)
    kept = 1 - 0.1 * 0.5
    means = {name: weight.mean().item() for name, weight in module.named_parameters()}
    assert means == pytest.approx(
        {
            "layer.weight": kept,
            "layer.bias": 1,
            "norm.weight": 1,
            "norm.bias": 1,
            "embedding.weight": kept,
            "output.bias": 1,
        }
    )


def test_a_shared_weight_is_updated_once() -> None:
    groups = Optimiser(Block(), SETTINGS, n_steps=1).adam.param_groups
    assert [len(group["params"]) for group in groups] == [2, 4]


def test_long_gradients_are_clipped_and_short_ones_kept() -> None:
    # The first moment after one step of Adam is a tenth of the gradient; (3, 4) has the norm 5.
    for gradient, clipped in (((3.0, 4.0), (0.6, 0.8)), ((0.3, 0.4), (0.3, 0.4))):
        weight, module = with_gradient(*gradient)
        optimiser = Optimiser(module, SETTINGS, n_steps=4)
        optimiser.step(0.5)
        moment = optimiser.adam.state[weight]["exp_avg"][0].tolist()
        assert moment == pytest.approx([share / 10 for share in clipped], rel=1e-4)


def test_an_update_goes_against_the_gradient_and_clears_it() -> None:
    weight, module = with_gradient(0.5, -0.5)
    before = weight.detach().clone()
    Optimiser(module, replace(SETTINGS, weight_decay=0.0, lr_warmup=0), n_steps=4).step(0.0)
    # The first step of Adam has the length of the learning rate.
    assert (weight - before)[0].tolist() == pytest.approx([-0.1, 0.1], rel=1e-4)
    assert weight.grad is None


def test_a_log_may_keep_nothing() -> None:
    assert ignore(1, {"loss": 0.5}) is None  # type: ignore[func-returns-value]
