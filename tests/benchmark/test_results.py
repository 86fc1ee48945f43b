"""Results survive the way through a file, in stable bytes; what is no result is refused in one line."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benchmark.results import Result, System, read_cell, read_cells, write_cell


def content(**changes: Any) -> dict[str, Any]:
    """A result as JSON content, with some fields changed."""
    return {
        "profile": "smoke",
        "task": "xner",
        "system": "uxla",
        "language": "de",
        "metric": "f1",
        "split": "test",
        "selected_on": "source dev",
        "n_examples": 60,
        "models": [{"seed": 11, "score": 80.123456789, "dev_score": 90.5}],
        "interval": {"low": 79, "high": 81.5},
        "ensemble": {"score": 81, "interval": {"low": 80, "high": 82}},
        "comparisons": [
            {
                "against": "confidence_penalty",
                "difference": -1e-9,
                "interval": {"low": -1, "high": 1},
                "p_value": 1,
            }
        ],
        "pseudo_labels": [
            {
                "epoch": 1,
                "student": 0,
                "origin": "target",
                "n": 40,
                "share_kept": 0.8,
                "agreement": 0.9,
                "accuracy": None,
            }
        ],
        "seconds": {"adapt": 12.5},
    } | changes


def result(**changes: Any) -> Result:
    return Result.model_validate(content(**changes))


def test_a_cell_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cells" / "de.json"
    write_cell(path, [result(system="supervised"), result()])
    uxla, supervised = read_cell(path)
    assert (uxla.system, supervised.system) == (System.UXLA, System.SUPERVISED)
    assert uxla.models[0].score == 80.123457
    assert uxla.seconds == {"adapt": 12.5}
    assert uxla.pseudo_labels == result().pseudo_labels


def test_an_interval_over_seeds_survives_the_file_and_may_be_missing(tmp_path: Path) -> None:
    crossed = {"low": 70.5, "high": 90}
    (comparison,) = content()["comparisons"]
    write_cell(
        tmp_path / "de.json",
        [result(crossed_interval=crossed, comparisons=[comparison | {"crossed_interval": crossed}])],
    )
    (found,) = read_cell(tmp_path / "de.json")
    for interval in (found.crossed_interval, found.comparisons[0].crossed_interval):
        assert interval is not None
        assert (interval.low, interval.high) == (70.5, 90)
    (tmp_path / "de.json").write_text(json.dumps([content()]))
    (before,) = read_cell(tmp_path / "de.json")
    assert before.crossed_interval is before.comparisons[0].crossed_interval is None


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    path = tmp_path / "de.json"
    write_cell(path, [result(), result(system="supervised")])
    first = path.read_bytes()
    write_cell(path, [result(system="supervised"), result()])
    assert path.read_bytes() == first
    write_cell(path, read_cell(path))
    assert path.read_bytes() == first
    assert b"-0.0" not in first


def test_all_cells_of_a_folder_are_read_in_order(tmp_path: Path) -> None:
    write_cell(tmp_path / "es.json", [result(language="es")])
    write_cell(tmp_path / "de.json", [result()])
    assert [r.language for r in read_cells(tmp_path)] == ["de", "es"]
    assert read_cells(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "0.colour: Extra inputs are not permitted, was: 'red'"),
        ({"system": "ours"}, "0.system: Input should be 'mbert_cross_entropy'.*was: 'ours'"),
        ({"interval": {"low": 2, "high": 1}}, "0.interval: low must not exceed high, was: 2.0 and 1.0"),
        ({"models": []}, r"0.models: .*at least 1 item.*was: \[\]"),
        ({"models": [{"seed": 1, "score": 101, "dev_score": 1}]}, "0.models.0.score: .*100, was: 101"),
        ({"models": content()["models"] * 2}, "0: a seed may occur once, was: 11 2 times"),
        ({"selected_on": "none"}, "0: a model has a dev score where .* was: 90.5 selected on none"),
        ({"selected_on": "test"}, "0.selected_on: .*was: 'test'"),
        ({"n_examples": math.nan}, "0.n_examples: .*was: nan"),
        ({"seconds": {"adapt": math.inf}}, "0.seconds.adapt: .*finite number, was: inf"),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "de.json"
    path.write_text(json.dumps([content(**changes)]))
    with pytest.raises(ValueError, match=message) as caught:
        read_cell(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_nan_is_refused_before_it_reaches_a_file() -> None:
    with pytest.raises(ValidationError, match="finite number"):
        result(models=[{"seed": 1, "score": math.nan, "dev_score": 1}])


def test_a_result_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        result().language = "es"


def test_files_hold_one_language_and_each_system_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"es.json: expected results for language es, was: de"):
        write_cell(tmp_path / "es.json", [result()])
    with pytest.raises(ValueError, match=r"de.json: a system may occur once, was: uxla 2 times"):
        write_cell(tmp_path / "de.json", [result(), result()])
    with pytest.raises(ValueError, match="found none; run the evaluate stage"):
        read_cell(tmp_path / "fr.json")
    (tmp_path / "fr.json").write_text("{")
    with pytest.raises(ValueError, match=r"fr.json: content: Invalid JSON"):
        read_cell(tmp_path / "fr.json")
