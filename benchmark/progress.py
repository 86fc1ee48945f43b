"""Progress bars with rate and remaining time, silent where nobody looks."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

if TYPE_CHECKING:
    from uxla.optimisation import Log

Item = TypeVar("Item")


def bar(items: Iterable[Item], title: str, *, total: int | None = None) -> Iterator[Item]:
    """Go through items under a progress bar; `total` where they have no length."""
    return iter(tqdm(items, desc=title, total=total, disable=None, file=sys.stderr))


@contextmanager
def ticking(title: str, total: int | None, log: "Log") -> "Iterator[Log]":
    """A `Log` that hands on to `log` and moves a bar that shows the last metrics."""
    with tqdm(total=total, desc=title, disable=None, file=sys.stderr, mininterval=0.5) as shown:

        def tick(step: int, metrics: Mapping[str, float]) -> None:
            shown.update(max(0, step - shown.n))
            shown.set_postfix({name: f"{value:.3f}" for name, value in metrics.items()}, refresh=False)
            log(step, metrics)

        yield tick
