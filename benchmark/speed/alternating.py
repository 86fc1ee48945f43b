"""Two sides run in turn in one process, and the rate at which this machine multiplies matrices."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

Run = Callable[[], object]


@dataclass(frozen=True)
class Pairs:
    """Seconds of both sides, pair by pair."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times as long theirs took, pair by pair."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def numbers(self) -> dict[str, float]:
        """The median ratio with its least and greatest, as a `Finding` takes them."""
        return {"value": median(self.ratios), "low": min(self.ratios), "high": max(self.ratios)}

    def details(self) -> dict[str, float | str]:
        """Median seconds of both sides, and the number of pairs."""
        seconds = {"our seconds": median(self.ours), "their seconds": median(self.theirs)}
        return {**seconds, "pairs": len(self.ours)}


def alternate(ours: Run, theirs: Run, *, n_pairs: int, device: torch.device, is_warm: bool = False) -> Pairs:
    """Run both sides in turn, after a run of each that does not count; where ours `is_warm`, of theirs alone.

    Raises:
        ValueError: fewer than one pair.
    """
    if n_pairs < 1:
        raise ValueError(f"n_pairs must be at least 1, was: {n_pairs}")
    if not is_warm:
        ours()
    theirs()
    times = [(seconds(ours, device), seconds(theirs, device)) for _ in range(n_pairs)]
    return Pairs(tuple(first for first, _ in times), tuple(second for _, second in times))


def seconds(run: Run, device: torch.device) -> float:
    """How long a run takes, until the device has finished."""
    _finish(device)
    started = time.perf_counter()
    run()
    _finish(device)
    return time.perf_counter() - started


def multiplication(
    n: int, k: int, m: int, *, dtype: torch.dtype, device: torch.device, times: int
) -> tuple[Run, float]:
    """A run that multiplies (n, k) by (k, m) matrices so many times, and its floating-point operations."""
    # Of random numbers: a GPU multiplies constants faster.
    random = torch.Generator(device).manual_seed(1)
    left = torch.randn(n, k, dtype=dtype, device=device, generator=random)
    right = torch.randn(m, k, dtype=dtype, device=device, generator=random)

    def run() -> None:
        with torch.inference_mode():
            for _ in range(times):
                torch.nn.functional.linear(left, right)

    return run, 2.0 * n * k * m * times


def matrix_rate(n: int, k: int, m: int, *, dtype: torch.dtype, device: torch.device) -> float:
    """Operations a second of a multiplication, the best of five."""
    run, operations = multiplication(n, k, m, dtype=dtype, device=device, times=4)
    run()
    return operations / min(seconds(run, device) for _ in range(5))


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
