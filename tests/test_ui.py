"""MLflow as a user meets it: the addresses of the README in a browser, on a store of this suite."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.tracking import Store, open_store
from benchmark.tracking.views import VIEWS
from tests.browsing import BROWSER, dom, lines_of, served

README = Path(__file__).parents[1] / "README.md"
SCORES = {("confidence_penalty", "qab"): 61.25, ("uxla", "qab"): 72.5, ("uxla", "qac"): 33.75}
NAMES = ["xner qab: confidence penalty", "xner qab: uxla", "xner qac: uxla"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")]


def run_cell(store: Store, system: str, language: str, score: float) -> str:
    """What adapt and evaluate record of a cell; returns the run's id."""
    about = {"profile": "smoke", "task": "xner", "system": system, "language": language}
    with store.cell(stage="adapt", **about) as run, run.child("model 11") as model:
        with model.child("epoch 1") as epoch:
            for step in range(1, 6):
                epoch.log(step, {"loss": 1 / step, "dev": score})
        for lesson in range(18):
            run.log(lesson, {"dev": score + lesson, "target/pseudo labels": 100 * lesson})
    with store.cell(stage="evaluate", resume=True, **about) as run:
        run.log_tags({"selected on": "target dev"})
        run.log(0, {"test/f1": score, "test/f1 std": 0.5})
        return run.run_id


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with three cells, a superseded run of one of them, and what no table shows."""
    root = tmp_path_factory.mktemp("checkout")
    store = open_store(root)
    run_cell(store, "uxla", "qab", 11.125)
    with store.cell(profile="smoke", task="xner", system="vicinity", language="qab", stage="generate"):
        pass
    for (system, language), score in SCORES.items():
        run_cell(store, system, language, score)
    (root / "smoke.html").write_text("<!doctype html><title>smoke</title><h1>All of smoke</h1>")
    for _ in range(2):
        with store.cell(
            profile="smoke", task="all", system="report", language="all", stage="report", resume=True
        ) as run:
            run.log_file(root / "smoke.html")
    return root


@pytest.fixture(scope="module")
def interface(root: Path) -> Iterator[str]:
    with served(root) as address:
        yield address


@pytest.fixture(scope="module")
def read(interface: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The HTML of a page of the interface."""
    profile = tmp_path_factory.mktemp("browser")
    return lambda address: dom(f"{interface}/{address}", profile, milliseconds=10_000)


def run_named(root: Path, name: str) -> str:
    """The id of the latest run of a name."""
    found = open_store(root).client.search_runs(["1"], f"attributes.run_name = '{name}'")
    return str(found[0].info.run_id)


def documented(key: str) -> str:
    """The address that the README gives for a view, below that of the interface."""
    found = re.search(
        rf"\(http://127\.0\.0\.1:5000/([^)]*viewStateShareKey={key}[^)]*)\)", README.read_text()
    )
    assert found is not None
    return found[1]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.key)
def test_the_readme_has_the_address_of_every_view(view: object) -> None:
    assert documented(view.key) == view.address("1")  # type: ignore[attr-defined]


def test_the_table_shows_the_cells_that_stand_their_scores_and_what_they_were_selected_on(
    read: Callable[[str], str],
) -> None:
    lines = lines_of(read(documented("table")))
    assert [line for line in lines if re.match(r"xner .*:", line)] == NAMES
    columns = [line for line in lines if line.startswith(("test/", "selected"))]
    assert columns == ["test/f1", "test/f1 std", "selected on"]
    assert [float(line) for line in lines if line in map(str, SCORES.values())] == list(SCORES.values())
    assert lines.count("target dev") == 3
    assert "11.125" not in lines, "superseded"
    assert " · ".join(view.title for view in VIEWS) in " ".join(lines)


def test_the_epochs_of_all_targets_are_drawn_side_by_side(read: Callable[[str], str]) -> None:
    html = read(documented("epochs"))
    lines = lines_of(html)
    assert NAMES[1:] == [line for line in lines if line in NAMES][:2]
    assert NAMES[0] not in lines
    assert any(line.startswith("By lesson, six an epoch") for line in lines)
    assert lines.index("dev") < lines.index("target/pseudo labels")


def test_the_curves_of_single_models_are_told_apart_by_their_names(read: Callable[[str], str]) -> None:
    lines = lines_of(read(documented("training")))
    assert {f"{name}, model 11, epoch 1" for name in NAMES} <= set(lines)


def test_the_page_of_a_run_says_what_it_is_and_has_its_metrics(
    root: Path, read: Callable[[str], str]
) -> None:
    lines = lines_of(read(f"#/experiments/1/runs/{run_named(root, 'xner qab: uxla')}"))
    assert {"xner qab: uxla", "xner qab: uxla, model 11", "test/f1", "72.5", "target/pseudo labels"} <= set(
        lines
    )
    assert any("without labels of it (Algorithm 1)" in line for line in lines)


def test_the_report_is_one_run_that_shows_the_page(
    root: Path, interface: str, read: Callable[[str], str]
) -> None:
    (run,) = open_store(root).client.search_runs(["1"], "attributes.run_name = 'report'")
    html = read(f"#/experiments/1/runs/{run.info.run_id}/artifacts/smoke.html")
    assert "smoke.html" in lines_of(html)
    assert "<iframe" in html
    with urllib.request.urlopen(
        f"{interface}/get-artifact?path=smoke.html&run_uuid={run.info.run_id}"
    ) as answer:
        assert answer.read() == (root / "smoke.html").read_bytes()


def test_the_search_of_the_readme_finds_what_is_current_of_a_language(interface: str) -> None:
    condition = "tags.\"uxla.current\" = 'true' AND tags.\"uxla.language\" = 'qab'"
    assert condition in README.read_text()
    wanted = {"experiment_ids": ["1"], "filter": condition}
    request = urllib.request.Request(f"{interface}/api/2.0/mlflow/runs/search", json.dumps(wanted).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        runs = json.load(answer)["runs"]
    assert sorted(run["info"]["run_name"] for run in runs) == [*NAMES[:2], "xner qab: vicinity"]
