"""Seeds derived from (seed, purpose): the only place that knows how randomness is made."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose; the same in every process and on every machine.

    >>> derive_seed(1, "warmup") == derive_seed(1, "warmup") != derive_seed(1, "adapt")
    True
    """
    key = "\x1f".join([str(seed), *map(str, purpose)]).encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A NumPy generator for one purpose."""
    return np.random.Generator(np.random.Philox(key=derive_seed(seed, *purpose)))


@contextmanager
def torch_seed(seed: int, *purpose: str | int) -> Iterator[None]:
    """Run a block under PyTorch's global generators seeded for one purpose, then restore them."""
    import torch  # only here: the selection code that derives seeds runs without PyTorch

    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, *purpose))
        yield
