"""Ranges by hand-written scores."""

import json
from pathlib import Path

import pytest

from benchmark.ranges import check, record, recorded, scores_of
from benchmark.results import Result
from tests.benchmark.test_tables import result as any_result

WORLDS = {1: (50.0, 60.0), 2: (54.0, 61.0), 3: (52.0, 59.0)}
"""Mean scores of UXLA in two languages."""


def result(score: float, *, system: str = "uxla", language: str = "es") -> Result:
    """A result whose three models have this score as their mean."""
    models = [
        {"seed": seed, "score": score + offset, "dev_score": 90}
        for seed, offset in ((11, -1), (22, 0), (33, 1))
    ]
    return any_result(system, language, models=models, interval={"low": score - 0.5, "high": score + 0.5})


def world(spanish: float, german: float) -> list[Result]:
    return [result(spanish), result(german, language="de")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ranges.json"
    record({seed: scores_of(world(*scores)) for seed, scores in WORLDS.items()}, path, settings="a")
    return path


def test_a_range_is_the_extremes_widened_by_three_standard_deviations(file: Path) -> None:
    def intervals(scores: dict[str, float]) -> dict[str, dict[str, float]]:
        return {seed: {"mean": s, "low": s - 0.5, "high": s + 0.5} for seed, s in scores.items()}

    # Both languages deviate by 2 and by 1 from their means 52 and 60.
    assert json.loads(file.read_text("utf-8"))["ranges"] == [
        {
            "task": "xner",
            "language": code,
            "system": "uxla",
            "scores": intervals(scores),
            "low": low,
            "high": high,
        }
        for code, scores, low, high in (
            ("de", {"1": 60, "2": 61, "3": 59}, 56, 64),
            ("es", {"1": 50, "2": 54, "3": 52}, 44, 60),
        )
    ]


def test_the_order_of_the_results_changes_no_byte(file: Path, tmp_path: Path) -> None:
    worlds = {seed: scores_of(world(*scores)[::-1]) for seed, scores in reversed(WORLDS.items())}
    record(worlds, tmp_path / "again.json", settings="a")
    assert (tmp_path / "again.json").read_bytes() == file.read_bytes()


def test_a_range_ends_at_0_and_100(tmp_path: Path) -> None:
    ranges = record(
        {1: scores_of(world(1, 99)), 2: scores_of(world(5, 95))}, tmp_path / "ranges.json", settings="a"
    )
    assert [(r.language, r.low, r.high) for r in ranges] == [("de", 86.51, 100), ("es", 0, 13.49)]


def test_one_world_gives_the_range_of_its_interval(tmp_path: Path) -> None:
    ranges = record({1: scores_of(world(50, 60))}, tmp_path / "ranges.json", settings="a")
    assert [(r.low, r.high) for r in ranges] == [(59.5, 60.5), (49.5, 50.5)]


@pytest.mark.parametrize("scores", [*WORLDS.values(), (44, 56), (60, 64)])
def test_scores_within_their_ranges_raise_no_complaint(file: Path, scores: tuple[float, float]) -> None:
    assert check(world(*scores), file) == []


@pytest.mark.parametrize("score", [43.99, 60.01])
def test_a_score_outside_its_range_is_named_with_the_range(file: Path, score: float) -> None:
    assert check(world(score, 60), file) == [f"xner es uxla: expected 44.0 to 60.0, was: {score}"]


def test_a_score_without_a_range_is_named(file: Path) -> None:
    extra = result(70, system="supervised")
    assert check([*world(50, 60), extra], file) == ["xner es supervised: 70.00 has no recorded range"]


def test_the_same_cell_of_another_task_has_a_range_of_its_own(file: Path) -> None:
    other = result(52).model_copy(update={"task": "wikiann"})
    assert check([*world(52, 60), other], file) == ["wikiann es uxla: 52.00 has no recorded range"]


def test_a_range_without_a_score_is_named(file: Path) -> None:
    assert check([result(50)], file) == ["xner de uxla: no score"]


def test_ranges_must_have_been_recorded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected recorded ranges, found none; run `python"):
        check(world(50, 60), tmp_path / "ranges.json")


def test_worlds_are_known_again_by_the_settings_they_were_run_with(file: Path) -> None:
    known = recorded(file, settings="a")
    assert known == {seed: scores_of(world(*scores)) for seed, scores in WORLDS.items()}
    assert recorded(file, settings="b") == {}
    assert recorded(file.with_name("none.json"), settings="a") == {}


def test_another_file_is_no_file_of_ranges(file: Path) -> None:
    file.write_text("[]")
    with pytest.raises(ValueError, match=r"ranges\.json: not a file of ranges; remove it, and run `python"):
        check(world(50, 60), file)
