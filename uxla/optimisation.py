"""One optimiser for every model: AdamW, linear warm-up and decay, clipped gradients (Table 8)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from uxla.recording import Recorded

Log = Callable[[int, Mapping[str, float]], None]
"""Receives (step, metrics); the library needs no tracker."""


def ignore(step: int, metrics: Mapping[str, float]) -> None:
    """A `Log` that keeps nothing."""


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """How weights are updated; the names are those of Table 8.

    `lr_warmup` counts steps when it is 1 or more, else it is the share of all steps.
    """

    learning_rate: float
    lr_warmup: float
    weight_decay: float
    adam_epsilon: float
    max_gradient_norm: float


class Optimiser:
    """AdamW over a module's weights, without decay on biases and LayerNorms."""

    def __init__(self, module: torch.nn.Module, settings: Optimisation, *, n_steps: int) -> None:
        decayed: dict[torch.nn.Parameter, None] = {}
        spared: dict[torch.nn.Parameter, None] = {}
        for owner in module.modules():
            for name, weight in owner.named_parameters(recurse=False):
                is_spared = name.endswith("bias") or isinstance(owner, torch.nn.LayerNorm)
                (spared if is_spared else decayed)[weight] = None
        self._settings = settings
        self._rising = settings.lr_warmup / n_steps if settings.lr_warmup >= 1 else settings.lr_warmup
        weights = [*decayed, *spared]
        device = weights[0].device
        self._on_gpu = device.type == "cuda"
        groups = [
            {"params": list(decayed), "weight_decay": settings.weight_decay, "lr": self._rate(device)},
            {"params": list(spared), "weight_decay": 0.0, "lr": self._rate(device)},
        ]
        self.adam = torch.optim.AdamW(groups, eps=settings.adam_epsilon, fused=True, capturable=self._on_gpu)
        # Of the parts, not of this object: it would hold itself and, on a GPU, what is recorded.
        update = partial(_update, self.adam, weights, settings.max_gradient_norm, keep=self._on_gpu)
        self._update = Recorded(update, device)

    def step(self, done: float) -> None:
        """Update the weights from their gradients and clear these.

        `done` is the share of the training that lies behind, in 0-1: it sets the learning rate.
        """
        rate = self._settings.learning_rate * _triangle(done, self._rising)
        for group in self.adam.param_groups:
            if self._on_gpu:
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        self._update()

    def _rate(self, device: torch.device) -> float | torch.Tensor:
        """That of a group, as yet 0; where an update is recorded it must stay where it is."""
        return torch.zeros((), device=device) if self._on_gpu else 0.0


def _update(
    adam: torch.optim.AdamW, weights: Sequence[torch.nn.Parameter], longest: float, *, keep: bool
) -> None:
    """Clip the gradients, update the weights and clear the gradients, or zero those that are kept."""
    torch.nn.utils.clip_grad_norm_(weights, longest)
    adam.step()
    # What a GPU has recorded adds to the same gradients at every step.
    adam.zero_grad(set_to_none=not keep)


class LossLog:
    """Logs the loss of a step when the next one is under way, so that no GPU waits in between."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: tuple[int, Sequence[Callable[[], torch.Tensor]]] | None = None

    def add(self, step: int, losses: Sequence[Callable[[], torch.Tensor]]) -> None:
        """Take the parts of a step's loss, as `uxla.devices.fetch` brings them, and log the one before."""
        self.flush()
        self._waiting = step, losses

    def flush(self) -> None:
        """Log what waits."""
        if self._waiting:
            step, losses = self._waiting
            self._log(step, {"loss": sum((float(loss()) for loss in losses), 0.0)})
            self._waiting = None


def _triangle(done: float, rising: float) -> float:
    """Height of the linear rise and fall of the learning rate: 0 at both ends, 1 at `rising`."""
    if done < rising:
        return done / rising
    return max(0.0, (1 - done) / (1 - rising)) if rising < 1 else 1.0
