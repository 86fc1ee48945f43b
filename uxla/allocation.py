"""How the libraries below PyTorch keep memory on a CPU, and when Python looks for garbage."""

import ctypes
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def keep_memory() -> None:
    """Have the C library keep freed memory for the next tensor instead of handing it back.

    Training on the CPU otherwise spends half its time asking the system for the same pages again.
    Call it once at the start of a program; without glibc it does nothing.
    """
    if set_option := _of_the_c_library("mallopt"):
        set_option(_M_MMAP_MAX, 0)
        set_option(_M_TRIM_THRESHOLD, 2**31 - 1)
        set_option(_M_TOP_PAD, 2**28)


def release_memory() -> None:
    """Have the C library hand the freed memory back that it has: tensors of many sizes leave gaps between.

    Without glibc it does nothing.
    """
    if trim := _of_the_c_library("malloc_trim"):
        trim(0)


def keep_few_kernels() -> None:
    """Have oneDNN keep what it compiles for shapes of matrices for the last ones alone, not for a thousand.

    Each takes half a megabyte between tensors that come and go, so that in training on rows of many lengths
    memory falls to pieces; to compile one anew takes half a millisecond. Call it before the first product in
    bfloat16; what the environment says already stays.
    """
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(name, str(KERNELS))


KERNELS = 128
"""Enough for all products of a step."""


@contextmanager
def uncollected() -> Iterator[None]:
    """A block in which Python does not look for cycles of garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _of_the_c_library(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):
        return None
    return function


_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
"""Options of mallopt(3)."""
