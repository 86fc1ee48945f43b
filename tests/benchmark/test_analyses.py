"""Analyses as files, and what a criterion chooses of their epochs."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.analyses import Analysis, read_analyses, write_analysis

SEEDS = (11, 22)


def analysis(target: str = "es", **changes: Any) -> Analysis:
    """Two models over three epochs: on the dev set the second is best for 11, the third for 22."""
    interval = {"low": 30, "high": 50}
    dev = [(10, 10), (20, 20), (30, 25), (25, 40)]
    test = [(11, 11), (21, 28), (31, 26), (35, 27)]
    content: dict[str, Any] = {
        "profile": "smoke",
        "task": "xner",
        "target": target,
        "metric": "f1",
        "n_examples": 1517,
        "transfers": [
            {
                "language": language,
                "scores": dict(zip(SEEDS, scores, strict=True)),
                "interval": interval,
                "ensemble": {"score": max(scores) + 1, "interval": interval},
            }
            for language, scores in {"en": (70, 72), "es": (40, 42), "de": (20, 24)}.items()
        ],
        "epochs": [
            {
                "epoch": epoch,
                "dev": {
                    "target dev": dict(zip(SEEDS, dev[epoch], strict=True)),
                    "source dev": dict(zip(SEEDS, (90 - epoch, 90 - epoch), strict=True)),
                },
                "test": dict(zip(SEEDS, test[epoch], strict=True)),
            }
            for epoch in range(4)
        ],
        "ablations": [
            {
                "name": name,
                "scores": dict(zip(SEEDS, (40, 42), strict=True)),
                "interval": interval,
                "pseudo_labels": [
                    {
                        "epoch": 1,
                        "student": 2,
                        "origin": "target",
                        "n": 600,
                        "share_kept": 0.6,
                        "agreement": 0.75,
                        "accuracy": 55.5,
                    }
                ],
            }
            for name in ("clustering-0.5", "confidence-80")
        ],
    }
    return Analysis.model_validate(content | changes)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("target dev", {11: 31, 22: 27}),
        ("source dev", {11: 21, 22: 28}),  # falls from epoch to epoch: the first after the warm-up
        ("last", {11: 35, 22: 27}),
        ("test", {11: 35, 22: 28}),
    ],
)
def test_every_model_keeps_the_epoch_that_is_best_on_a_set(
    criterion: Any, expected: dict[int, float]
) -> None:
    assert analysis().selected(criterion) == expected


def test_of_equal_epochs_the_earlier_is_kept() -> None:
    flat = [epoch.model_copy(update={"dev": {"target dev": {11: 5, 22: 5}}}) for epoch in analysis().epochs]
    assert analysis(epochs=[e.model_dump() for e in flat]).selected("target dev") == {11: 21, 22: 28}


def test_what_is_written_is_read_in_the_order_of_the_targets(tmp_path: Path) -> None:
    for target in ("de", "es"):
        write_analysis(tmp_path / f"{target}.json", analysis(target))
    found = read_analyses(tmp_path, ["es", "nl", "de"])
    assert list(found) == ["es", "de"]
    assert found["es"] == analysis("es")


def test_the_same_analysis_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_analysis(tmp_path / name / "es.json", analysis())
    assert (tmp_path / "a/es.json").read_bytes() == (tmp_path / "b/es.json").read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "es.json: content: Invalid JSON.*run the analyse stage"),
        ('{"profile": "smoke"}', "es.json: task: Field required; run the analyse stage"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "es.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_analyses(tmp_path, ["es"])


def test_the_analysis_of_another_target_is_refused(tmp_path: Path) -> None:
    write_analysis(tmp_path / "es.json", analysis("nl"))
    with pytest.raises(ValueError, match=r"es\.json: expected the target es, was: nl"):
        read_analyses(tmp_path, ["es"])
