"""Figures: all there, well-formed, the same bytes for the same data, readable without their picture."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from benchmark.figures import CAPTIONS, OBJECTIVES, Figure, figures, read_figures, validation_series
from tests.benchmark.test_analyses import analysis
from tests.benchmark.test_tables import result

ANALYSES = {target: analysis(target) for target in ("es", "de")}
ADAPTED = {target: result("uxla", target) for target in ("es", "de")}


def samples(n: int = 40) -> dict[str, dict[str, pd.DataFrame]]:
    random = np.random.default_rng(1)
    objective = [name for name in OBJECTIVES for _ in range(n)]
    logits = {"x": random.normal(size=2 * n), "y": random.normal(size=2 * n), "label": ["PER", "O"] * n}
    sentences = {
        "words": random.integers(1, 30, 2 * n),
        "loss": random.random(2 * n),
        "wrong": random.integers(0, 5, 2 * n),
        "selected": random.integers(0, 2, 2 * n),
    }
    tables = {"logits": pd.DataFrame(logits), "sentences": pd.DataFrame(sentences)}
    one = {name: table.assign(objective=objective) for name, table in tables.items()}
    return {"es": one, "de": one}


@pytest.fixture(scope="module")
def drawn() -> list[Figure]:
    """All figures of random points."""
    return figures(ANALYSES, samples(), ADAPTED)


def test_every_figure_is_there_and_well_formed(drawn: list[Figure]) -> None:
    assert [figure.name for figure in drawn] == list(CAPTIONS)
    for figure in drawn:
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
        assert figure.caption.endswith(" In es, de.")


def test_panels_name_target_and_objective(drawn: list[Figure]) -> None:
    for figure in drawn:
        if figure.name not in ("validation", "pseudo_labels"):
            for target in ANALYSES:
                for name in OBJECTIVES.values():
                    assert f"{target}, {name}" in figure.svg


def test_the_same_data_give_the_same_bytes(drawn: list[Figure]) -> None:
    assert figures(ANALYSES, samples(), ADAPTED) == drawn
    assert not any("<dc:date>" in figure.svg for figure in drawn)


def test_what_is_written_is_read_and_what_is_missing_is_named(drawn: list[Figure], tmp_path: Path) -> None:
    for figure in drawn:
        (tmp_path / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
    assert read_figures(tmp_path, ANALYSES) == drawn
    (tmp_path / "lengths.svg").unlink()
    with pytest.raises(ValueError, match=r"lengths\.svg: expected a figure, found none; run the summarise"):
        read_figures(tmp_path, ANALYSES)


def test_the_series_has_a_row_for_every_model_and_epoch() -> None:
    series = validation_series(ANALYSES)
    assert list(series.columns) == ["target", "epoch", "model", "f1"]
    assert len(series) == 2 * 4 * 2
    assert series.iloc[4].tolist() == ["es", 2, 11, 30.0]


def test_sentences_without_any_loss_have_figures_too() -> None:
    flat = samples(3)
    for tables in flat.values():
        tables["sentences"]["loss"] = 0.0
    assert len(figures(ANALYSES, flat, ADAPTED)) == len(CAPTIONS)
