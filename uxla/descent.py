"""How every model is trained: a recipe, the loop of updates, and the best weights by the dev set."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from uxla.devices import Precision, fetch
from uxla.optimisation import Log, LossLog, Optimisation, Optimiser
from uxla.randomness import torch_seed


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a task model is trained (Table 8).

    Exactly one of `max_steps` and `train_passes` is given: the number of updates, or how often the
    examples are gone through.
    """

    optimisation: Optimisation
    batch_size: int
    accumulate: int
    max_steps: int | None
    train_passes: float | None
    max_length: int
    validate_every: int
    confidence_penalty: bool
    precision: Precision = Precision.FP32

    def n_steps(self, n_examples: int) -> int:
        """Number of updates for so many examples; at least one."""
        if self.max_steps is not None:
            return self.max_steps
        if self.train_passes is None:
            raise ValueError("a recipe needs max_steps or train_passes, was: neither")
        return max(1, int(n_examples * self.train_passes) // (self.batch_size * self.accumulate))


@dataclass(frozen=True)
class Fit:
    """How a training went: dev scores before and at its best (None without a dev set), and updates done.

    `improved` says whether the weights changed: they are those of the best dev score, and without
    any improvement those from before.
    """

    before: float | None
    best: float | None
    n_steps: int
    improved: bool


def descend(
    network: torch.nn.Module,
    backward: Callable[[], torch.Tensor],
    recipe: Recipe,
    *,
    n_steps: int,
    judge: "Judge",
    seed: int,
    log: Log,
) -> Fit:
    """Train a network in place and leave it with its best weights by the dev set.

    Args:
        network: what is trained.
        backward: adds the gradients of the next micro-batch and returns its share of the loss, detached.
        recipe: how to train.
        n_steps: of updates, each of `recipe.accumulate` micro-batches.
        judge: of this network.
        seed: of dropout.
        log: receives `loss` at every step and `dev` at every look.
    """
    before = judge.look(0, log)
    optimiser = Optimiser(network, recipe.optimisation, n_steps=n_steps)
    network.train()
    with torch_seed(seed, "dropout"):
        waiting = LossLog(log)
        for step in range(1, n_steps + 1):
            losses = [fetch(backward()) for _ in range(recipe.accumulate)]
            optimiser.step((step - 1) / n_steps)
            waiting.add(step, losses)
            if step % recipe.validate_every == 0 or step == n_steps:
                waiting.flush()
                judge.look(step, log)
    network.zero_grad()
    network.eval()
    return judge.verdict(before, n_steps)


class Judge:
    """Scores a network on the dev set and remembers its best weights; without a score, the last are kept."""

    def __init__(
        self, network: torch.nn.Module, score: Callable[[], float] | None, *, known: float | None = None
    ) -> None:
        """`score` is that of the network as it is, in percent; `known` is its score now, if known."""
        self._network, self._score, self._known = network, score, known
        self._best: float | None = None
        self._weights: dict[str, torch.Tensor] = {}

    def look(self, step: int, log: Log) -> float | None:
        """Score the network; a strict improvement, or the first look, is remembered."""
        if self._score is None:
            return None
        score = self._score() if step or self._known is None else self._known
        log(step, {"dev": score})
        if self._best is None or score > self._best:
            self._best, self._improved = score, step > 0
            weights = self._network.state_dict()
            self._weights = {name: weight.detach().clone() for name, weight in weights.items()}
        self._network.train()
        return score

    def verdict(self, before: float | None, n_steps: int) -> Fit:
        """Put the best weights back and say how it went."""
        if self._score is None:
            return Fit(None, None, n_steps, improved=True)
        self._network.load_state_dict(self._weights)
        return Fit(before, self._best, n_steps, improved=self._improved)
