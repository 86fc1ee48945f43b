"""The loop that every model is trained by, on a network of one weight."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from uxla.descent import Fit, Judge, Recipe, descend
from uxla.optimisation import Optimisation

RECIPE = Recipe(
    optimisation=Optimisation(
        learning_rate=0.1, lr_warmup=0.1, weight_decay=0.0, adam_epsilon=1e-8, max_gradient_norm=1.0
    ),
    batch_size=1,
    accumulate=2,
    max_steps=6,
    train_passes=None,
    max_length=8,
    validate_every=4,
    confidence_penalty=False,
)


class One(torch.nn.Module):
    """A weight that begins at zero and is drawn towards one."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def backward(self) -> torch.Tensor:
        loss = (self.weight - 1) ** 2 / 2
        loss.backward()
        return loss.detach()


def run(score: Callable[[One], float] | None) -> tuple[One, Fit, list[tuple[int, Any]]]:
    network, points = One(), []
    judge = Judge(network, None if score is None else lambda: score(network))
    log = lambda step, metrics: points.append((step, metrics))  # noqa: E731
    fit = descend(network, network.backward, RECIPE, n_steps=6, judge=judge, seed=1, log=log)
    return network, fit, points


def test_without_a_dev_set_the_last_weights_are_kept() -> None:
    network, fit, points = run(None)
    assert fit == Fit(None, None, 6, improved=True)
    assert float(network.weight.detach()) > 0
    assert [step for step, _ in points] == [1, 2, 3, 4, 5, 6]
    assert not network.training


def test_the_dev_set_is_looked_at_before_every_n_steps_and_at_the_end() -> None:
    _, fit, points = run(lambda network: 100 * float(network.weight.detach()))
    assert [step for step, metrics in points if "dev" in metrics] == [0, 4, 6]
    assert (fit.before, fit.improved) == (0.0, True)
    assert fit.best == pytest.approx(max(metrics["dev"] for _, metrics in points if "dev" in metrics))


def test_weights_that_are_no_better_leave_the_network_as_it_was() -> None:
    network, fit, _ = run(lambda network: -abs(float(network.weight.detach())))
    assert fit == Fit(0.0, 0.0, 6, improved=False)
    assert float(network.weight.detach()) == 0


def test_the_loss_of_a_step_is_the_sum_of_its_micro_batches() -> None:
    _, _, points = run(None)
    assert points[0] == (1, {"loss": 1.0})


def test_a_score_that_is_known_is_not_taken_again() -> None:
    network, taken = One(), list[float]()

    def score() -> float:
        taken.append(100 * float(network.weight.detach()))
        return taken[-1]

    judge = Judge(network, score, known=0.0)
    fit = descend(network, network.backward, RECIPE, n_steps=6, judge=judge, seed=1, log=lambda *_: None)
    assert (fit.before, len(taken), fit.best) == (0.0, 2, max(taken))
