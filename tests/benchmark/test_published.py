"""The paper's scores: as printed, beside ours, with the verdict that our interval gives."""

from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
import yaml

from benchmark.published import PublishedTable, Verdict, compare, counterparts, read_published
from benchmark.results import System
from benchmark.settings import read_parameters
from benchmark.tables import Encoder, Table
from tests.benchmark.parameters import PARAMETERS, SHARED
from tests.benchmark.test_tables import result, table

TRANSCRIPT = SHARED / "paper/tables.yaml"
PAPER = read_published().tables


def verdicts(table: Table, name: str, *, number: int = 1) -> dict[str, Verdict | None]:
    """The verdicts on a row of Table 1 or 7."""
    (published,) = [p for p in PAPER["xner"] if p.title == f"Table {number}"]
    return {entry.language: entry.verdict for entry in compare(table, published) if entry.name == name}


def of_paper(**changes: Any) -> Table:
    """The hand-written results, as if of the paper's encoder."""
    found = replace(table(), checkpoint=read_published().encoder)
    return replace(found, results={**found.results, (System.UXLA, "es"): result("uxla", "es", **changes)})


def test_every_task_of_the_paper_profile_has_its_table() -> None:
    profile = read_parameters(PARAMETERS).profiles["paper"]
    assert set(PAPER) == set(profile.tasks)
    for name, task in profile.tasks.items():
        assert set(task.languages) <= set(PAPER[name][0].languages), name


def test_rows_have_names_of_their_own() -> None:
    for published in chain(*PAPER.values()):
        names = [row.name for row in published.rows]
        assert len(set(names)) == len(names)


@pytest.mark.skipif(
    not TRANSCRIPT.exists(), reason="needs the transcript of the paper's tables beside the project"
)
def test_scores_are_those_of_the_transcript() -> None:
    tables = yaml.safe_load(TRANSCRIPT.read_text("utf-8"))["tables"]
    numbers = {"xner": 1, "wikiann": 2, "xnli": 3, "xnli_full": 3, "pawsx": 4, "pawsx_full": 4}
    for task, number in numbers.items():
        printed = [tuple(row["values"]) for row in tables[f"table{number}"]["rows"]]
        if task == "xner":  # the ensemble with penalty stands in Tables 6 and 7 alone
            ensemble = next(row for row in tables["table7"]["rows"] if row["id"] == "xlmr_ens")["values"]
            es, nl, de, ar, fi = ensemble
            printed.append((tables["table6"]["rows"][0]["values"][0], es, nl, de, ar, fi))
        assert PAPER[task][0].languages == tuple(tables[f"table{number}"]["columns"])
        assert {row.scores for row in PAPER[task][0].rows} <= set(printed), task
    further = PAPER["xner"][1]
    assert further.languages == tuple(tables["table7"]["columns"])
    assert [row.scores for row in further.rows] == [tuple(row["values"]) for row in tables["table7"]["rows"]]


@pytest.mark.skipif(
    not TRANSCRIPT.exists(), reason="needs the transcript of the paper's tables beside the project"
)
def test_the_tables_of_the_analysis_are_those_of_the_transcript() -> None:
    tables, ours = yaml.safe_load(TRANSCRIPT.read_text("utf-8"))["tables"], read_published()
    found = {row.name: row.scores for row in ours.distillation.rows}
    for row in tables["table5"]["rows"]:
        percent = f"confidence-{row['eta']}" + "-alone" * (row["agreement"] == "none")
        name = f"clustering-{row['eta']}" if row["distil"] == "clustering" else percent
        assert found.pop(name) == tuple(row["values"])
    assert found == {}
    assert ours.distillation.languages == tuple(tables["table5"]["columns"])
    assert [(row.name, row.scores) for row in ours.transfer.rows] == [
        (row["id"], tuple(row["values"])) for row in tables["table6"]["rows"]
    ]


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((83.0, 84.0), "within"), ((83.05, 83.05), "within"), ((83.1, 84), "above"), ((80, 83.0), "below")],
)
def test_the_verdict_is_whether_our_interval_holds_the_paper_s_score(
    interval: tuple[float, float], verdict: str
) -> None:
    found = of_paper(interval=dict(zip(("low", "high"), interval, strict=True)))
    assert verdicts(found, "UXLA")["es"] == verdict


def test_an_ensemble_has_its_own_interval() -> None:
    found = of_paper(ensemble={"score": 90, "interval": {"low": 89, "high": 91}})
    assert verdicts(found, "UXLA (ensemble)")["es"] is Verdict.ABOVE
    assert verdicts(found, "UXLA")["es"] is Verdict.WITHIN


def test_a_score_that_cannot_be_held_against_ours_says_why() -> None:
    assert verdicts(table(), "UXLA")["es"] is Verdict.NOT_COMPARABLE
    assert verdicts(of_paper(), "UXLA") == {
        "en": None,  # the paper prints a dash
        "es": Verdict.WITHIN,
        "nl": Verdict.NOT_RUN,
        "de": Verdict.WITHIN,
        "ar": Verdict.NOT_RUN,
        "fi": Verdict.NOT_RUN,
    }
    conneau = set(verdicts(of_paper(), "XLM-R, supervised (Conneau et al., 2020)").values())
    assert conneau == {Verdict.AS_PUBLISHED, None}


def test_a_further_baseline_is_held_against_the_paper_s_where_its_encoder_is_that_one() -> None:
    mbert = result("mbert_cross_entropy", "es", selected_on="source dev")
    found = of_paper()
    found = replace(found, results={**found.results, (mbert.system, "es"): mbert})
    assert verdicts(found, "mBERT cased")["nl"] is Verdict.NOT_RUN
    other = replace(found, rivals={"mbert": Encoder("toy BERT")})
    assert verdicts(other, "mBERT cased")["es"] is Verdict.NOT_COMPARABLE
    same = replace(found, rivals={"mbert": Encoder("mBERT", "google-bert/bert-base-multilingual-cased")})
    assert verdicts(same, "mBERT cased")["es"] is Verdict.ABOVE
    assert verdicts(same, "UXLA", number=7)["es"] is Verdict.WITHIN


def test_a_difference_is_ours_minus_the_paper_s() -> None:
    cells = compare(of_paper(), PAPER["xner"][0])
    (found,) = (cell for cell in cells if (cell.name, cell.language) == ("UXLA", "es"))
    assert (found.published, found.ours, found.difference) == (83.05, 83.5, pytest.approx(0.45))


def test_languages_or_a_task_that_the_paper_has_not_have_no_counterpart() -> None:
    toy = replace(table(), languages=("qaa", "qab"))
    assert counterparts(toy) == []


def test_a_row_with_a_score_too_few_is_refused() -> None:
    rows = [{"name": "UXLA", "scores": [1.0]}]
    with pytest.raises(ValueError, match="UXLA must have 2 scores, was: 1"):
        PublishedTable.model_validate({"title": "Table 9", "languages": ["en", "es"], "rows": rows})
