"""What a model says of a corpus: classes, confidence and loss of each example (UXLA §2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Predictions:
    """Class probabilities of every labelled position of a corpus, flat.

    Example i owns the positions `starts[i]:starts[i + 1]` of `probabilities`
    (n_positions, n_classes): one a word for XNER, one in all for pair tasks.
    """

    probabilities: Floats
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def flat_classes(self) -> np.ndarray[Any, np.dtype[np.int16]]:
        """The most probable class of every position: (n_positions,)."""
        classes: np.ndarray[Any, np.dtype[np.int16]] = self.probabilities.argmax(axis=1).astype(np.int16)
        return classes

    @property
    def classes(self) -> list[np.ndarray[Any, np.dtype[np.int16]]]:
        """The most probable classes of every example."""
        return np.split(self.flat_classes, self.starts[1:-1]) if len(self) else []

    def select(self, rows: Ints) -> "Predictions":
        """Those of the given examples, in the given order."""
        counts = np.diff(self.starts)[rows]
        starts: Ints = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        # Every position moves as far as the start of its example does.
        where = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return Predictions(self.probabilities[where], starts)

    @property
    def confidence(self) -> Floats:
        """p* of §2.3: the mean over positions of the highest probability: (n_examples,)."""
        return _mean_per_example(self.probabilities.max(axis=1), self.starts)

    @property
    def loss(self) -> Floats:
        """Mean cross-entropy with respect to the model's own classes (App. C): (n_examples,)."""
        highest = self.probabilities.max(axis=1)
        return _mean_per_example(-np.log(np.maximum(highest, np.finfo(np.float32).tiny)), self.starts)


def ensemble(members: Sequence[Predictions]) -> Predictions:
    """Average the probabilities of several models on one corpus (§3.2).

    Raises:
        ValueError: no members, or members that cover different positions.
    """
    if not members or any(not np.array_equal(m.starts, members[0].starts) for m in members):
        raise ValueError(f"an ensemble needs predictions of one corpus, was: {len(members)} members")
    mean: Floats = (
        np.stack([m.probabilities for m in members]).mean(axis=0, dtype=np.float64).astype(np.float32)
    )
    return Predictions(mean, members[0].starts)


def _mean_per_example(values: Floats, starts: Ints) -> Floats:
    counts = np.diff(starts)
    examples = np.repeat(np.arange(len(counts)), counts)
    sums = np.bincount(examples, weights=values, minlength=len(counts))
    return (sums / np.maximum(counts, 1)).astype(np.float32)
