"""Which words are masked: P percent of a sentence, anew for each of its copies (UXLA §2.2)."""

from collections.abc import Sequence
from enum import Enum

import numpy as np

from uxla.randomness import derive_seed, generator


class Schedule(Enum):
    """How the masks of the copies of one sentence relate.

    INDEPENDENT draws each copy anew, as the paper says. AUTHORS goes through one permutation of the
    sentence, copy after copy, as the authors' code does: masks hardly overlap.
    """

    INDEPENDENT = "independent"
    AUTHORS = "authors"


def draw_masks(
    eligible: Sequence[bool], *, ratio: float, n_copies: int, schedule: Schedule, seed: int
) -> list[list[int]]:
    """Positions to mask in each copy, in the order in which they are filled.

    `floor(ratio * n)` positions, at least one, counted over all n units and drawn from the eligible
    ones. Fewer where fewer are eligible; no copies where none is, or where `ratio` is 0.
    """
    if ratio == 0 or not any(eligible):
        return []
    n_masks = int(max(len(eligible) * ratio + 1e-9, 1))
    if schedule is Schedule.AUTHORS:
        return _one_permutation(eligible, n_masks, n_copies, generator(seed, "authors"))
    candidates = np.flatnonzero(eligible)
    size = min(n_masks, len(candidates))
    return [
        _of_copy(seed, copy).choice(candidates, size=size, replace=False).tolist() for copy in range(n_copies)
    ]


def _of_copy(seed: int, copy: int) -> np.random.Generator:
    """The generator of `uxla.randomness` for one copy: to set one anew takes a tenth of making another."""
    _FRESH["state"]["key"][0] = derive_seed(seed, "copy", copy)
    _BITS.state = _FRESH
    return _GENERATOR


_BITS = np.random.Philox(key=0)
_FRESH = _BITS.state
_GENERATOR = np.random.Generator(_BITS)


def _one_permutation(
    eligible: Sequence[bool], n_masks: int, n_copies: int, random: np.random.Generator
) -> list[list[int]]:
    """Consecutive stretches of one permutation; a copy that would mask the same set again is left out."""
    order = list(range(len(eligible)))
    random.shuffle(order)
    cursor, masks, seen = 0, list[list[int]](), set[tuple[int, ...]]()
    for _ in range(n_copies):
        positions: list[int] = []
        n_skipped = 0
        while len(positions) < n_masks and n_skipped < len(order):
            if eligible[order[cursor]]:
                positions.append(order[cursor])
            else:
                n_skipped += 1
            cursor += 1
            if cursor == len(order):
                cursor = 0
                # The authors shuffle what is picked so far, not the permutation.
                random.shuffle(positions)
        if tuple(sorted(positions)) not in seen:
            seen.add(tuple(sorted(positions)))
            masks.append(positions)
    return masks
