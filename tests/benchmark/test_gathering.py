"""What is gathered of a profile, and that the whole of it is traced from the page to the files."""

import re
import shutil
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from seqeval.metrics import f1_score

from benchmark import gathering
from benchmark.gathering import gather
from benchmark.report import Content, as_html
from benchmark.results import SYSTEMS
from tests.benchmark.conftest import World
from tests.miniature import ABLATIONS, ANALYSED, FURTHER, SEEDS, SOURCE, TARGETS, TASK
from uxla.examples import Corpus
from uxla.tasks import TASKS

pytestmark = pytest.mark.slow
LABELS = TASKS[TASK].labels


def tags(classes: Iterable[int]) -> list[str]:
    return [LABELS[index] for index in classes]


@pytest.fixture(autouse=True)
def nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stages ran without DVC here; `test_repro` asks DVC itself."""
    monkeypatch.setattr(gathering, "changed_stages", lambda root, pipeline: [])


def gathered(world: World) -> Content:
    return gather(world.parameters, profile="smoke", store=world.store, root=world.root)


class Cells(HTMLParser):
    """The cells of a page that lead to a run: system, language, run and text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str, str]] = []
        self.address: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = dict(attributes)
        if tag == "td":
            names = ("data-system", "data-language")
            self.address = [str(about[name]) for name in names] if names[0] in about else []
        elif tag == "a" and self.address:
            self.address.append(str(about["href"]).rpartition("/")[2])

    def handle_data(self, data: str) -> None:
        if len(self.address) == 3:
            self.found.append((*self.address, data))  # type: ignore[arg-type]
            self.address = []


def files_of(world: World, system: str, language: str, run_id: str) -> tuple[Path, list[str]]:
    """The file of predictions that a run keeps for a score, and the columns the score is the mean of."""
    run = world.store.client.get_run(run_id)
    artifacts = world.root / run.info.artifact_uri
    kind, _, name = system.partition(" ")
    if kind == "transfer":
        assert run.data.tags["uxla.language"] == name
        return artifacts / f"transfers/{language}.parquet", ["ensemble"]
    assert (run.data.tags["uxla.system"], run.data.tags["uxla.language"]) == (system, language)
    models = [f"model {seed}" for seed in SEEDS]
    if kind == "ablation":
        return artifacts / "ablation/observed.parquet", models
    if name == "ensemble":  # the models' run keeps the file
        folder = world.layout.predictions(TASK, language)
        if kind not in SYSTEMS:
            folder = world.layout.contrasts(TASK)[0] / language
        return folder / f"{kind}.parquet", ["ensemble"]
    return artifacts / f"predictions/{kind}.parquet", models


def test_every_score_on_the_page_leads_to_a_run_whose_predictions_give_it(world: World) -> None:
    page = Cells()
    page.feed(as_html(gathered(world), mlflow="http://127.0.0.1:5000"))
    for system, language, run_id, text in page.found:
        path, columns = files_of(world, system, language, run_id)
        gold = [tags(c) for c in Corpus.load(world.layout.corpus(TASK, language, "test")).classes]
        table = pq.read_table(path)
        scores = [100 * f1_score(gold, [tags(c) for c in table[name].to_pylist()]) for name in columns]
        assert text.strip() == f"{np.mean(scores):.2f}", (system, language)
    expected = {(f"ablation {name}", ANALYSED) for name in ABLATIONS}
    expected |= {(f"transfer {ANALYSED}", code) for code in (SOURCE, *TARGETS)}
    for ensemble in ("", " ensemble"):
        expected |= {
            (name + ensemble, code)
            for name in ("cross_entropy", "confidence_penalty", *FURTHER)
            for code in (SOURCE, *TARGETS)
        }
        expected |= {(name + ensemble, code) for name in ("uxla", "supervised") for code in TARGETS}
    assert {(system, language) for system, language, *_ in page.found} == expected


def test_a_whole_profile_has_no_complaint_and_all_its_parts(world: World) -> None:
    content = gathered(world)
    assert content.complaints == []
    assert list(content.tables) == list(content.studies) == list(content.figures) == [TASK]
    page = as_html(content, mlflow="http://127.0.0.1:5000")
    assert "nothing has changed since it ran" in page
    assert page.count('<img alt="') == len([*content.figures[TASK], "costs"])
    assert not re.findall(r'(?:src|href)="(?!#|data:|http://127\.0\.0\.1:5000/)', page), "needs nothing else"


def test_what_is_gone_is_named(world: World, tmp_path: Path) -> None:
    root = tmp_path / "world"
    for folder in ("data", "results", "predictions"):
        shutil.copytree(world.root / folder, root / folder)
    for name in ("params.yaml", "run.yaml"):
        shutil.copy(world.root / name, root)
    gone = World(root, world.parameters, world.store)
    gone.layout.cells(TASK, "qac").unlink()
    gone.layout.analyses(TASK, ANALYSED).unlink()
    lines = gathered(gone).complaints
    assert "missing: XNER, UXLA in qac" in lines
    assert f"missing: XNER, analysis of {ANALYSED}" in lines
    shutil.rmtree(gone.layout.cells(TASK, "qac").parent)
    content = gathered(gone)
    assert content.complaints[0] == "missing: all of XNER"
    assert "not of one complete run" in as_html(content, mlflow="http://127.0.0.1:5000")
