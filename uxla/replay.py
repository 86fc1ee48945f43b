"""Computations on batches that a GPU repeats: recorded for every shape of them, and replayed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from uxla.batches import Batch
from uxla.recording import is_recording, recording

WORTH_IT = 1
"""How often a shape comes before it is recorded: to record costs about as much as to compute it once."""

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
        if self._times[shape] <= WORTH_IT or not is_recording():
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
        with recording(graph, pool=pool):
            result = self._compute(batch)
        return _Recording(graph, batch, result)


def _tensors(batch: Batch) -> Iterator[torch.Tensor | None]:
    yield from batch.inputs.values()
    yield from (batch.rows, batch.marks, batch.labels, batch.weights)
