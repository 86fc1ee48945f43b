"""Computations that a GPU repeats: what the host launches for batches of one shape is recorded and replayed.

A step of training launches thousands of small kernels, and that can take longer than they run.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch

from uxla.batches import Batch

WORTH_IT = 1
"""How often a shape comes before it is recorded: to record costs about as much as to compute it once."""

_IS_ON = ContextVar("_IS_ON", default=True)


@contextmanager
def unrecorded() -> Iterator[None]:
    """A block in which everything is computed anew: for what watches a network at work."""
    token = _IS_ON.set(False)
    try:
        yield
    finally:
        _IS_ON.reset(token)


Shape = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True)
class _Recording:
    """What was launched, the batch that it reads, into which later ones are copied, and its result."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    result: torch.Tensor


class Replayed:
    """A computation on batches on a GPU that adds to gradients and returns a number.

    It must ask nothing of the device. Once a shape has come often enough, it runs as it was recorded then:
    on the same weights and the gradients that they have, which must stay where they are.
    """

    def __init__(self, compute: Callable[[Batch], torch.Tensor]) -> None:
        self._compute = compute
        self._times = Counter[Shape]()
        self._recordings: dict[Shape, _Recording] = {}

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Compute, or replay what was recorded for batches of this shape."""
        shape = tuple(None if tensor is None else tuple(tensor.shape) for tensor in _tensors(batch))
        self._times[shape] += 1
        if self._times[shape] <= WORTH_IT or not _IS_ON.get():
            return self._compute(batch)
        if shape not in self._recordings:
            self._recordings[shape] = self._record(batch)
        recording = self._recordings[shape]
        for old, new in zip(_tensors(recording.batch), _tensors(batch), strict=True):
            if old is not None and new is not None:
                old.copy_(new, non_blocking=True)
        recording.graph.replay()
        return recording.result.clone()

    def _record(self, batch: Batch) -> _Recording:
        graph, others = torch.cuda.CUDAGraph(), list(self._recordings.values())
        # One runs after the other, so all share the memory for what they compute in between.
        pool = others[0].graph.pool() if others else None
        with torch.cuda.graph(graph, pool=pool):
            result = self._compute(batch)
        return _Recording(graph, batch, result)


def _tensors(batch: Batch) -> Iterator[torch.Tensor | None]:
    yield from batch.inputs.values()
    yield from (batch.rows, batch.marks, batch.labels, batch.weights)
