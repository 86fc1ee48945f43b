"""Missing, stale, untraced and mixed cells are named."""

import subprocess
from pathlib import Path

import pytest

from benchmark.audit import changed_stages, code_of, complaints
from benchmark.tracking.overview import CellRun
from tests.benchmark.test_tables import result

ROOT = Path(__file__).parents[2]


def run(system: str, score: float, **changes: object) -> CellRun:
    whole = CellRun(
        task="xner",
        system=system,
        language="es",
        run_id="abc",
        experiment="1",
        status="FINISHED",
        commits={},
        dirty=frozenset(),
        seconds={},
        metrics={"test/f1": score},
    )
    return whole._replace(**changes)


GOOD = [run("uxla", 83.5), run("uxla ensemble", 84.25)]


def found(runs: list[CellRun], root: Path = ROOT, **others: list[str]) -> list[str]:
    about = {"missing": [], "changed": []} | others
    return complaints([result("uxla", "es")], runs, root=root, **about)


def test_a_whole_and_traced_profile_has_no_complaint() -> None:
    assert found(GOOD) == []


def test_what_is_missing_or_stale_is_named() -> None:
    lines = found(GOOD, missing=["XNER, UXLA in nl"], changed=["adapt@xner-es", "pretrain"])
    stale = "stale: code, data or parameters have changed since these ran: adapt@xner-es, pretrain; "
    assert lines == ["missing: XNER, UXLA in nl", f"{stale}run dvc repro"]


def test_a_cell_without_its_run_is_named() -> None:
    (line,) = found(GOOD[:1])
    assert line.startswith("untraced: no run in MLflow of xner uxla ensemble in es;")
    (line,) = found([])
    assert line.startswith("untraced: no run in MLflow of xner uxla in es, uxla ensemble in es;")


def test_a_cell_that_differs_from_its_run_is_named_with_both_scores() -> None:
    (line,) = found([run("uxla", 70.0, run_id="feed"), GOOD[1]])
    assert line == "mixed: xner uxla in es is 83.50 in the table, 70.00 in its run feed"


def test_an_unfinished_run_is_named() -> None:
    (line,) = found([run("uxla", 83.5, status="FAILED"), GOOD[1]])
    assert line == "unfinished: the run of xner uxla in es is FAILED"


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository whose second commit changes code of adapt, whose third changes a text."""
    link = tmp_path / "pipelines/code/adapt/uxla/a.py"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../../../uxla/a.py")
    commits = []
    for number, name in enumerate(("uxla/a.py", "uxla/a.py", "README.md")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {number}\n")
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", str(number)]):
            subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
        head = subprocess.run(
            ["git", "-C", str(tmp_path), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        )
        commits.append(head.stdout.strip())
    return tmp_path, commits


def test_runs_of_commits_whose_code_differs_are_mixed(history: tuple[Path, list[str]]) -> None:
    root, (first, second, third) = history
    both = [
        run("uxla", 83.5, commits={"adapt": first}),
        run("uxla ensemble", 84.25, commits={"adapt": second}),
    ]
    (line,) = found(both, root)
    assert line.startswith("mixed: runs of adapt are of ")
    assert line.endswith("whose code differs")
    texts = [run("uxla", 83.5, commits={"adapt": second}), both[1]._replace(commits={"adapt": third})]
    assert found(texts, root) == [], "another text is not another code"


def test_code_that_was_not_committed_is_named() -> None:
    (line,) = found([run("uxla", 83.5, dirty=frozenset({"adapt"})), GOOD[1]])
    assert line == "mixed: a run of adapt is of code that was not committed"


def test_the_code_of_a_stage_is_what_its_folder_leads_to() -> None:
    assert "uxla/coteaching.py" in code_of(ROOT, "adapt")
    assert not [name for name in code_of(ROOT, "adapt") if not name.endswith(".py")]


def test_a_pipeline_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"dvc status --json dvc\.yaml failed: "):
        changed_stages(tmp_path, "dvc.yaml")
