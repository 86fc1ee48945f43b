"""The figure of costs: every second in one bar, short stages together, the same bytes for the same runs."""

from xml.etree import ElementTree

import pytest

from benchmark.costs import TOLD_APART, cost_figure, cost_series
from benchmark.figures import Figure
from benchmark.tracking.overview import CellRun
from tests.benchmark.test_audit import run

RUNS = [
    run("uxla", 83, seconds={"adapt": 100.0, "evaluate": 0.5}),
    run("supervised", 90, seconds={"supervise": 20.0, "evaluate": 1.5}),
    run("cross_entropy", 80, language="en", seconds={"warmup": 40.0}),
    run("masked LM", 0, task="all", language="all", seconds={"pretrain": 1234.0}),
]
MORE = [run("vicinity", 0, seconds={f"stage {number}": 1 / (1 + number) for number in range(TOLD_APART)})]


def drawn(runs: list[CellRun]) -> Figure:
    figure = cost_figure(runs)
    assert figure is not None
    return figure


def test_systems_of_a_language_are_added_up_stage_by_stage() -> None:
    series = cost_series(RUNS)
    assert list(series.index) == ["all tasks", "XNER en", "XNER es"]
    assert list(series.columns) == ["pretrain", "adapt", "warmup", "supervise", "evaluate"]
    assert series.loc["XNER es"].tolist() == [0, 100, 0, 20, 2]
    assert series.to_numpy().sum() == pytest.approx(sum(sum(r.seconds.values()) for r in RUNS))


def test_bars_stages_and_sums_can_be_read_in_the_picture() -> None:
    svg = drawn(RUNS).svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]
    assert {"XNER es", "all tasks", "supervise", "seconds", "1,234", "122"} <= set(texts)
    assert "other" not in texts


def test_the_caption_says_what_took_longest() -> None:
    caption = drawn(RUNS).caption
    assert caption.endswith("all tasks took longest: 1,234 s, of which pretrain 1,234 s.")
    assert "XNER es took longest: 122 s, of which adapt 100 s." in drawn(RUNS[:3]).caption


def test_the_shortest_stages_are_drawn_as_one_and_named() -> None:
    figure = drawn(RUNS + MORE)
    assert ">other<" in figure.svg
    assert ">stage 5<" not in figure.svg
    assert figure.caption.endswith(" Other: stage 1, stage 2, stage 3, stage 4, stage 5.")


def test_the_order_of_the_runs_changes_no_byte() -> None:
    assert drawn(RUNS[::-1]) == drawn(RUNS)


def test_without_runs_there_is_no_figure() -> None:
    assert cost_figure([]) is None
    assert cost_figure([run("uxla", 83)]) is None
