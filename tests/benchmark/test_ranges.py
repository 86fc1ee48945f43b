"""Ranges by hand-written scores; the tables of several worlds."""

import json
from pathlib import Path

import pytest

from benchmark.layout import Layout
from benchmark.ranges import check, overview, read_worlds, record
from benchmark.results import Result, System, write_cell
from benchmark.settings import read_parameters
from tests.benchmark.test_tables import result as any_result
from tests.miniature import write_miniature

WORLDS = {1: (50.0, 60.0), 2: (54.0, 61.0), 3: (52.0, 59.0)}
"""Mean scores of UXLA in two languages."""


def result(score: float, *, system: str = "uxla", language: str = "es") -> Result:
    """A result whose three models have this score as their mean."""
    models = [
        {"seed": seed, "score": score + offset, "dev_score": 90}
        for seed, offset in ((11, -1), (22, 0), (33, 1))
    ]
    return any_result(system, language, models=models)


def world(spanish: float, german: float) -> list[Result]:
    return [result(spanish), result(german, language="de")]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "ranges.json"
    record({seed: world(*scores) for seed, scores in WORLDS.items()}, path)
    return path


def test_a_range_is_the_extremes_widened_by_the_standard_deviation(recorded: Path) -> None:
    # Both languages deviate by 2 and by 1 from their means 52 and 60.
    assert json.loads(recorded.read_text("utf-8")) == [
        {"language": "de", "system": "uxla", "scores": {"1": 60, "2": 61, "3": 59}, "low": 58, "high": 62},
        {"language": "es", "system": "uxla", "scores": {"1": 50, "2": 54, "3": 52}, "low": 48, "high": 56},
    ]


def test_the_order_of_the_results_changes_no_byte(recorded: Path, tmp_path: Path) -> None:
    record({seed: world(*scores)[::-1] for seed, scores in WORLDS.items()}, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == recorded.read_bytes()


def test_a_range_ends_at_0_and_100(tmp_path: Path) -> None:
    ranges = record({1: world(1, 99), 2: world(9, 91)}, tmp_path / "ranges.json")
    assert [(r.language, r.low, r.high) for r in ranges] == [("de", 85.34, 100), ("es", 0, 14.66)]


def test_one_world_gives_a_range_of_one_score(tmp_path: Path) -> None:
    ranges = record({1: world(50, 60)}, tmp_path / "ranges.json")
    assert [(r.low, r.high) for r in ranges] == [(60, 60), (50, 50)]


@pytest.mark.parametrize("scores", [*WORLDS.values(), (48, 58), (56, 62)])
def test_scores_within_their_ranges_raise_no_complaint(recorded: Path, scores: tuple[float, float]) -> None:
    assert check(world(*scores), recorded) == []


@pytest.mark.parametrize("score", [47.99, 56.01])
def test_a_score_outside_its_range_is_named_with_the_range(recorded: Path, score: float) -> None:
    assert check(world(score, 60), recorded) == [f"uxla es: expected 48.0 to 56.0, was: {score}"]


def test_a_score_without_a_range_is_named(recorded: Path) -> None:
    extra = result(70, system="supervised")
    assert check([*world(50, 60), extra], recorded) == ["supervised es: 70.00 has no recorded range"]


def test_a_range_without_a_score_is_named(recorded: Path) -> None:
    assert check([result(50)], recorded) == ["uxla de: no score"]


def test_ranges_must_have_been_recorded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected recorded ranges, found none; run `python"):
        check(world(50, 60), tmp_path / "ranges.json")


def test_every_world_is_read_from_its_root(tmp_path: Path) -> None:
    roots = {seed: tmp_path / f"world {seed}" for seed in (10, 9)}
    for seed, root in roots.items():
        layout = Layout("smoke", root)
        write_cell(layout.cells("xner", "es"), [result(seed)])
        write_cell(layout.cells("xner", "de"), [result(2 * seed, language="de")])
    found = read_worlds(roots, "xner", "smoke")
    assert list(found) == [10, 9]
    assert [(r.system, r.language, r.scores[1]) for r in found[9]] == [
        (System.UXLA, "de", 18),
        (System.UXLA, "es", 9),
    ]


def test_the_overview_has_a_line_for_every_language_of_a_world_and_their_average(tmp_path: Path) -> None:
    write_miniature(tmp_path / "params.yaml")
    scores = {"qaa": (90, None), "qab": (60, 65), "qac": (50, 53)}
    models = [{"seed": 11, "score": 0, "dev_score": 90}]
    found = [
        any_result(system, "es", models=[models[0] | {"score": score}]).model_copy(update={"language": code})
        for code, pair in scores.items()
        for system, score in zip(("confidence_penalty", "uxla"), pair, strict=True)
        if score is not None
    ]
    parameters = read_parameters(tmp_path / "params.yaml")
    page = overview(parameters, {3: found}, profile="smoke", task="xner")
    head, _, *lines = [[entry.strip() for entry in line.strip("|").split("|")] for line in page.splitlines()]
    assert head == ["world", "language", "majority tagger", "con-penalty", "UXLA", "gain"]
    assert [[w, code, *rest] for w, code, _, *rest in lines] == [
        ["3", "qaa", "90.0", "", ""],
        ["3", "qab", "60.0", "65.0", "+5.0"],
        ["3", "qac", "50.0", "53.0", "+3.0"],
        ["3", "average", "", "", "+4.0"],
    ]
    assert all(0 < float(line[2]) < 100 for line in lines[:3])
