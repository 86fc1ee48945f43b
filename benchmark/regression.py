"""What moved between the committed results of a profile and those of now, and whether that is too much."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark.layout import Layout
from benchmark.results import Result, System, read_cells
from benchmark.statistics import spread

LEAST = 1.0
"""Points that every score may fall: models whose scores happen to be alike are not that sure."""

Address = tuple[str, str, System]


class Move(NamedTuple):
    """One number of a cell that is another now; `tolerance` is None for what only is told."""

    task: str
    language: str
    system: str
    what: str
    before: float | None
    now: float | None
    tolerance: float | None = None

    @property
    def is_regression(self) -> bool:
        """Whether a cell is gone, or a score has fallen by more than the spread of its models."""
        if self.now is None:
            return True
        if self.tolerance is None or self.before is None:
            return False
        return self.now < self.before - self.tolerance


def moves(before: Iterable[Result], now: Iterable[Result]) -> list[Move]:
    """Every score and count that differs, in the order of the results of before."""
    old, new = _by_address(before), _by_address(now)
    found = [
        move
        for address, result in old.items()
        for move in ([_gone(result)] if address not in new else _moves(result, new[address]))
    ]
    return found + [_come(result) for address, result in new.items() if address not in old]


def results_of(revision: str, *, profile: str, root: Path = Path()) -> list[Result]:
    """The results that a git revision holds of a profile.

    Raises:
        ValueError: git does not know the revision, or it holds no results of the profile.
    """
    folder = Layout(profile).cells("any", "any").parents[1].as_posix()
    names = _git(root, "ls-tree", "-r", "--name-only", revision, "--", folder).split()
    if not names:
        raise ValueError(f"{revision}: expected results of {profile} below {folder}, found none")
    with TemporaryDirectory() as temporary:
        for name in names:
            path = Path(temporary) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_git(root, "show", f"{revision}:{name}"), encoding="utf-8")
        folders = sorted({(Path(temporary) / name).parent for name in names})
        return [result for folder in folders for result in read_cells(folder)]


def as_table(found: Iterable[Move]) -> str:
    """The moves as Markdown, regressions marked."""
    rows = [
        [
            move.task,
            move.language,
            move.system,
            move.what,
            _number(move.before),
            _number(move.now),
            "" if move.before is None or move.now is None else f"{move.now - move.before:+,.2f}",
            "" if move.tolerance is None else f"{move.tolerance:.2f}",
            "regression" if move.is_regression else "",
        ]
        for move in found
    ]
    columns = ["task", "language", "system", "what", "before", "now", "change", "may fall by", ""]
    text: str = pd.DataFrame(rows, columns=columns).to_markdown(
        index=False, colalign=["left"] * 4 + ["right"] * 4 + ["left"], disable_numparse=True
    )
    return text


def _by_address(results: Iterable[Result]) -> Mapping[Address, Result]:
    return {(result.task, result.language, result.system): result for result in results}


def _gone(result: Result) -> Move:
    score = spread(result.scores).mean
    return Move(result.task, result.language, str(result.system), result.metric, score, None)


def _come(result: Result) -> Move:
    score = spread(result.scores).mean
    return Move(result.task, result.language, str(result.system), result.metric, None, score)


def _moves(old: Result, new: Result) -> Iterator[Move]:
    address = (old.task, old.language, str(old.system))
    found = spread(old.scores)
    tolerance = max(LEAST, found.std or 0.0)
    yield from _differing(address, old.metric, found.mean, spread(new.scores).mean, tolerance)
    if old.ensemble and new.ensemble:
        what = f"{old.metric} of the ensemble"
        yield from _differing(address, what, old.ensemble.score, new.ensemble.score, tolerance)
    counts_of_old, counts_of_new = _counts(old), _counts(new)
    for what in counts_of_old | counts_of_new:
        before, now = counts_of_old.get(what, 0.0), counts_of_new.get(what, 0.0)
        yield from _differing(address, what, before, now, None)


def _counts(result: Result) -> dict[str, float]:
    """Test examples, collapsed models, and the pseudo labels of every epoch in means over its lessons."""
    counts: dict[str, float] = {"test examples": result.n_examples, "collapsed models": len(result.collapsed)}
    lessons: dict[str, list[int]] = {}
    for entry in result.pseudo_labels:
        origin = entry.origin.replace("_", " ")
        lessons.setdefault(f"pseudo labels, epoch {entry.epoch}, {origin}", []).append(entry.n)
    return counts | {what: float(np.mean(n)) for what, n in lessons.items()}


def _differing(
    address: tuple[str, str, str], what: str, before: float, now: float, tolerance: float | None
) -> Iterator[Move]:
    if round(before, 4) != round(now, 4):
        yield Move(*address, what, before, now, tolerance)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[0]
        raise ValueError(f"git {' '.join(arguments)} failed: {reason}")
    return done.stdout
