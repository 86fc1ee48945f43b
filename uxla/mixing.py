"""Sampling from corpora of different sizes (UXLA §2.4, Eq. 2)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from uxla.randomness import derive_seed, generator

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
    lengths: Sequence[Ints], *, sampling_factor: float, batch_size: int, n_batches: int, seed: int
) -> Iterator[tuple[int, Ints]]:
    """Yield `n_batches` pairs of a corpus and the rows to take from it, each batch from one corpus.

    `lengths` has the length of every row of every corpus: rows of a batch are of like length, which
    spares padding. A corpus is gone through in random order without repetition; when it is
    exhausted it starts again in a new order.
    """
    sizes = [len(corpus) for corpus in lengths]
    weights = mixing_weights(sizes, sampling_factor)
    draws = generator(seed, "mixing").choice(len(sizes), size=n_batches, p=weights)
    orders = [
        _endless_order(rows, batch_size, derive_seed(seed, "order", corpus))
        for corpus, rows in enumerate(lengths)
    ]
    for corpus in draws:
        # The last batch of a pass stays full: it takes the first rows of the next pass.
        rows = islice(orders[corpus], min(batch_size, sizes[corpus]))
        yield int(corpus), np.array(list(rows), np.int64)


POOL = 80
"""Batches among which rows are sorted by length: random enough, and hardly any padding."""


def _endless_order(lengths: Ints, batch_size: int, seed: int) -> Iterator[int]:
    turn = 0
    while True:
        random = generator(seed, turn)
        order = random.permutation(len(lengths))
        for begin in range(0, len(order), POOL * batch_size):
            pool = order[begin : begin + POOL * batch_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            # What is left over comes last, or the batches after it would be cut in two.
            n_whole = len(pool) // batch_size
            for batch in random.permutation(n_whole):
                yield from pool[batch * batch_size : (batch + 1) * batch_size]
            yield from pool[n_whole * batch_size :]
        turn += 1
