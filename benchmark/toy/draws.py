"""Fast random decisions from one generator: sentences take about a hundred each."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, chain, repeat
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")

_BLOCK = 64  # drawing one number at a time from NumPy would take most of the run


class Draws:
    """A stream of random decisions."""

    def __init__(self, generator: np.random.Generator) -> None:
        """Take the decisions from a generator, which nobody else should use."""
        blocks = (generator.random(_BLOCK).tolist() for _ in repeat(None))
        self._next: Callable[[], float] = chain.from_iterable(blocks).__next__

    def chance(self, share: float) -> bool:
        """True with the given probability."""
        return self._next() < share

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1, each as likely."""
        return int(self._next() * bound)

    def index(self, cumulative: Sequence[float]) -> int:
        """An index, from cumulative probabilities that end in 1."""
        return bisect_right(cumulative, self._next())

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely."""
        return items[int(self._next() * len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in random order."""
        keys = [self._next() for _ in items]
        return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]


def zipf(n: int, *, exponent: float, shift: float) -> list[float]:
    """Cumulative Zipf-Mandelbrot probabilities of `n` ranks.

    >>> [round(p, 2) for p in zipf(3, exponent=1.0, shift=0.0)]
    [0.55, 0.82, 1.0]
    """
    weights = [(rank + shift) ** -exponent for rank in range(1, n + 1)]
    total = sum(weights)
    return [*accumulate(weight / total for weight in weights[:-1]), 1.0]


def spread(n: int, draws: Draws) -> list[float]:
    """A random key in [0, 1) for each rank, spread evenly over every ten consecutive ranks.

    Taking the ranks with a key below a share takes that share of frequent and of rare ones alike,
    and a larger share only adds to a smaller one.
    """
    keys: list[float] = []
    while len(keys) < n:
        keys += [(step + draws.below(1000) / 1000) / 10 for step in draws.shuffled(range(10))]
    return keys[:n]
