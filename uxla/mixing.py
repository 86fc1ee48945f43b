"""Sampling from corpora of different sizes (UXLA §2.4, Eq. 2)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from uxla.randomness import generator

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


def mixing_weights(sizes: Sequence[int], sampling_factor: float) -> Floats:
    """Probability of drawing the next batch from each corpus (Eq. 2).

    A `sampling_factor` (alpha) of 1 follows the sizes, 0 ignores them.

    >>> mixing_weights([100, 900], sampling_factor=0.0)
    array([0.5, 0.5])

    Raises:
        ValueError: a corpus is empty.
    """
    if min(sizes, default=0) <= 0:
        raise ValueError(f"every corpus needs at least one example, was: {list(sizes)}")
    powered: Floats = (np.asarray(sizes, np.float64) / sum(sizes)) ** sampling_factor
    weights: Floats = powered / powered.sum()
    return weights


def mixed_batches(
    sizes: Sequence[int], *, sampling_factor: float, batch_size: int, n_batches: int, seed: int
) -> Iterator[tuple[int, Ints]]:
    """Yield `n_batches` pairs of a corpus and the rows to take from it, each batch from one corpus.

    A corpus is gone through in random order without repetition; when it is exhausted it starts
    again in a new order.
    """
    weights = mixing_weights(sizes, sampling_factor)
    draws = generator(seed, "mixing").choice(len(sizes), size=n_batches, p=weights)
    orders = [_endless_order(size, seed, corpus) for corpus, size in enumerate(sizes)]
    for corpus in draws:
        # The last batch of a pass stays full: it takes the first rows of the next pass.
        yield int(corpus), np.array(list(islice(orders[corpus], min(batch_size, sizes[corpus]))), np.int64)


def _endless_order(size: int, seed: int, corpus: int) -> Iterator[int]:
    turn = 0
    while True:
        yield from generator(seed, "order", corpus, turn).permutation(size)
        turn += 1
