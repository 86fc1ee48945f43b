"""Bars show what goes on to whoever looks, and change nothing of it."""

from collections.abc import Mapping
from io import StringIO

import pytest

from benchmark.progress import bar, ticking


class Terminal(StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_a_bar_hands_on_every_item(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(bar(["a", "b"], "letters")) == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_a_bar_names_itself_and_counts_where_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert list(bar(["a", "b"], "letters")) == ["a", "b"]
    assert "letters: 100%" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()


def test_ticks_reach_the_log_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[int, Mapping[str, float]]] = []
    with ticking("training", 10, lambda step, metrics: seen.append((step, metrics))) as log:
        log(4, {"loss": 0.5})
        log(8, {"loss": 0.25})
    assert seen == [(4, {"loss": 0.5}), (8, {"loss": 0.25})]
    assert capsys.readouterr() == ("", "")


def test_ticks_move_the_bar_to_their_step_and_show_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with ticking("training", 10, lambda step, metrics: None) as log:
        log(4, {"loss": 0.5})
        log(10, {"loss": 0.25})
    last = terminal.getvalue().split("\r")[-1]
    assert "10/10" in last
    assert "loss=0.250" in last


def test_a_step_behind_does_not_move_the_bar_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with ticking("training", 10, lambda step, metrics: None) as log:
        log(6, {})
        log(2, {})
    assert "6/10" in terminal.getvalue().split("\r")[-1]
