"""Computations that a GPU repeats: what the host launches for them is recorded and replayed.

A step of training launches thousands of small kernels, and that can take longer than they run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

from uxla.allocation import uncollected

_IS_ON = ContextVar("_IS_ON", default=True)


@contextmanager
def unrecorded() -> Iterator[None]:
    """A block in which everything is computed anew: for what watches a network at work."""
    token = _IS_ON.set(False)
    try:
        yield
    finally:
        _IS_ON.reset(token)


def is_recording() -> bool:
    """Whether what a GPU repeats may be recorded here."""
    return _IS_ON.get()


@contextmanager
def recording(graph: torch.cuda.CUDAGraph, *, pool: Any = None) -> Iterator[None]:
    """A block that a GPU records into a graph.

    Python looks for no garbage in it: were an older graph among that, to free it would end the recording.
    """
    with uncollected(), torch.cuda.graph(graph, pool=pool):
        yield


class Recorded:
    """A computation that takes nothing and returns nothing; a GPU records it as soon as it has run once.

    It must ask nothing of the device, and all that it reads and writes must stay where it is.
    """

    def __init__(self, compute: Callable[[], None], device: torch.device) -> None:
        self._compute, self._is_new, self._on_gpu = compute, True, device.type == "cuda"
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Compute, or replay what was recorded."""
        if self._is_new or not self._on_gpu or not is_recording():
            self._is_new = False
            self._compute()
            return
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            with recording(self._graph):
                self._compute()
        self._graph.replay()
