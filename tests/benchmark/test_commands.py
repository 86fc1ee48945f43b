"""Commands on whole profiles, where `test_main` does not reach them."""

import shutil
from pathlib import Path

import pytest

from benchmark import gathering
from benchmark.__main__ import app
from benchmark.commands import bench, check, parameters, register, rehearse, report, show, worlds
from tests.benchmark.conftest import World
from tests.miniature import ANALYSED, TARGETS, TASK


@pytest.fixture
def checkout(copied: World, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The miniature with all its results and an empty store, as the working directory."""
    for folder in ("results", "predictions"):
        shutil.copytree(world.root / folder, copied.root / folder)
    for name in ("params.yaml", "run.yaml"):
        shutil.copy(world.root / name, copied.root)
    monkeypatch.chdir(copied.root)
    monkeypatch.setattr(gathering, "changed_stages", lambda root, pipeline: [])
    return copied.root


def test_every_command_is_on_the_command_line() -> None:
    known = {command.callback for command in app.registered_commands}
    assert {show, report, register, worlds, check, rehearse, bench} <= known


@pytest.mark.slow
def test_params_yaml_is_that_of_the_working_directory(checkout: Path) -> None:
    assert parameters().profiles["smoke"].run.tasks == (TASK,)


@pytest.mark.slow
def test_a_profile_without_runs_has_nothing_to_register(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register("smoke")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"smoke-{TASK}-{target}: MLflow has no model with the score of the table" for target in TARGETS
    ]


@pytest.mark.slow
def test_a_report_is_written_also_where_it_is_not_whole(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report("smoke")
    told = capsys.readouterr()
    assert told.out == "report: report/smoke.html\n"
    (untraced,) = [line for line in told.err.splitlines() if "untraced: " in line]
    assert f"no run in MLflow of {TASK} " in untraced
    assert f" uxla in {ANALYSED}, " in untraced
    assert "not of one complete run" in Path("report/smoke.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"report/smoke\.html: not of one complete run, see the \d+ lines"):
        report("smoke", strict=True)
    (kept,) = Path("mlruns/artifacts/smoke").glob("*/artifacts/smoke.html")
    assert kept.read_bytes() == Path("report/smoke.html").read_bytes()
    for table in (f"{TASK}.md", f"{TASK}.csv", f"{TASK}_analysis.md"):
        assert (kept.parent / "tables" / table).is_file()
    assert list((kept.parent / f"figures/{TASK}").glob("*.svg"))
