"""What moved between two sets of results, by hand and out of a git history."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmark.layout import Layout
from benchmark.regression import as_table, moves, results_of
from benchmark.results import Result, write_cell
from tests.benchmark.test_tables import lesson, result


def uxla(score: float, spread: float = 0.5, **changes: Any) -> Result:
    """Three models around a score, and an ensemble at it."""
    models = [
        {"seed": seed, "score": score + offset, "dev_score": 90}
        for seed, offset in ((11, -spread), (22, 0), (33, spread))
    ]
    interval = {"low": 0, "high": 100}
    ensemble = {"score": score, "interval": interval}
    return result("uxla", "es", models=models, interval=interval, ensemble=ensemble, **changes)


def test_equal_results_have_not_moved() -> None:
    assert moves([uxla(80)], [uxla(80)]) == []


@pytest.mark.parametrize(
    ("spread", "now", "is_regression"),
    [(0.5, 79.5, False), (0.5, 78.5, True), (3, 77.5, False), (3, 76.5, True), (0.5, 90, False)],
)
def test_a_score_may_fall_by_the_spread_of_its_models_and_by_a_point(
    spread: float, now: float, is_regression: bool
) -> None:
    mean, ensemble = moves([uxla(80, spread)], [uxla(now)])
    assert (mean.what, ensemble.what) == ("f1", "f1 of the ensemble")
    assert mean.tolerance == max(1.0, spread)
    assert [mean.is_regression, ensemble.is_regression] == [is_regression] * 2


def test_a_cell_that_is_gone_is_a_regression_and_a_new_one_is_not() -> None:
    (gone,) = moves([uxla(80)], [])
    assert (gone.before, gone.now, gone.is_regression) == (80, None, True)
    (come,) = moves([], [uxla(80)])
    assert (come.before, come.now, come.is_regression) == (None, 80, False)


def test_counts_are_told_and_never_a_regression() -> None:
    fewer = [lesson(1, "target", 0) | {"n": 500}]
    (n, epoch) = moves(
        [uxla(80, n_examples=100, pseudo_labels=[lesson(1, "target", 0)])],
        [uxla(80, n_examples=90, pseudo_labels=fewer)],
    )
    assert (n.what, n.before, n.now) == ("test examples", 100, 90)
    assert (epoch.what, epoch.before, epoch.now) == ("pseudo labels, epoch 1, target", 1000, 500)
    assert not n.is_regression
    assert not epoch.is_regression


def test_the_table_marks_regressions() -> None:
    lines = as_table(moves([uxla(80)], [uxla(70)])).splitlines()
    assert lines[2].split("|")[5:10] == [
        "    80.00 ",
        " 70.00 ",
        "   -10.00 ",
        "          1.00 ",
        " regression ",
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout whose last commit holds one cell."""
    write_cell(Layout("smoke", tmp_path).cells("xner", "es"), [uxla(80)])
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "results"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def test_a_revision_holds_the_results_that_were_committed(repository: Path) -> None:
    write_cell(Layout("smoke", repository).cells("xner", "es"), [uxla(70)])
    assert results_of("HEAD", profile="smoke", root=repository) == [uxla(80)]


def test_a_revision_or_profile_that_is_not_there_is_one_line(repository: Path) -> None:
    with pytest.raises(ValueError, match=r"git ls-tree .* failed: fatal: Not a valid object name nowhere"):
        results_of("nowhere", profile="smoke", root=repository)
    with pytest.raises(
        ValueError, match="HEAD: expected results of mini below results/mini/cells, found none"
    ):
        results_of("HEAD", profile="mini", root=repository)
