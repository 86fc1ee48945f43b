"""A user's mistake is one line on stderr and a status other than 0, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmark.__main__ import app, main
from tests.benchmark.parameters import PARAMETERS, content, put, write

TASKS = ", ".join(content()["profiles"]["smoke"]["tasks"])

XNER = "profiles.smoke.tasks.xner"
COLUMNS = "Ana B-PER\nduerme O\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params.yaml alone, in which commands are run."""
    write(tmp_path / "params.yaml", content())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: its status, stdout and stderr."""
    # Set here so that they are put back: a command sets what is not set.
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    for name in ("HF_HUB_VERBOSITY", "TRANSFORMERS_VERBOSITY"):
        monkeypatch.setenv(name, os.environ.get(name, "error"))
    monkeypatch.delenv("UXLA_TRACEBACK", raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["benchmark", *words])
        before = signal.getsignal(signal.SIGTERM)
        try:
            status = main()
        finally:
            signal.signal(signal.SIGTERM, before)
        return (status, *capsys.readouterr())

    return command


def files(folder: Path) -> set[str]:
    """What a command could have left, without the tracking store, which is opened first."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if not name.startswith(("mlruns/", "mlflow.db"))}


def user_files(folder: Path) -> Any:
    """A params.yaml whose smoke profile reads column files of the user, and these files."""
    whole = content()
    languages = {}
    for code in ("en", "es"):
        names = {split: f"{code}.{split}" for split in ("train", "dev", "test")}
        for name in names.values():
            (folder / name).write_text(COLUMNS, encoding="utf-8")
        languages[code] = {"encoding": "utf-8", "files": names, "dataset": None}
    task = whole["profiles"]["smoke"]["tasks"]["xner"]
    task["data"] = {"kind": "hub", "folder": None, "train_fraction": 1.0, "seed": 1, "counts": "any"}
    task["data"] |= {"max_examples": None, "languages": languages}
    task |= {"source": "en", "languages": ["es"], "targets": {"es": {}}}
    return whole


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["distil"], 2, "No such command 'distil'."),
        (["prepare"], 2, "Missing argument 'profile'."),
        (["prepare", "smoke"], 2, "Missing argument 'task'."),
        (["prepare", "smoke", "xner", "--fast"], 2, "No such option: --fast"),
        (["prepare", "big", "xner"], 1, "profiles must be one of smoke, mini, paper, was: big"),
        (["prepare", "smoke", "pos"], 1, f"profiles.smoke.tasks must be one of {TASKS}, was: pos"),
        (["show", "big"], 1, "profiles must be one of smoke, mini, paper, was: big"),
        (["worlds", "big"], 1, "profiles must be one of smoke, mini, paper, was: big"),
        (["rehearse", "big", "--into", "new"], 1, "profiles must be one of smoke, mini, paper, was: big"),
        (["rehearse", "smoke"], 2, "Missing option '--into'."),
        (
            ["worlds", "smoke", "--seeds", "1,two"],
            1,
            "--seeds must be numbers with commas between, was: 1,two",
        ),
        (
            ["generate", "smoke", "xner", "xx"],
            1,
            f"{XNER}.targets must be one of qab, qac, qad, qae, was: xx",
        ),
        (["adapt", "smoke", "xner", "qaa"], 1, f"{XNER}.targets must be one of qab, qac, qad, qae, was: qaa"),
        (
            ["warmup", "smoke", "xner", "entropy"],
            2,
            "Invalid value for 'objective': Value error, 'entropy' is not one of 'cross_entropy', "
            "'confidence_penalty'.",
        ),
        (
            ["aggregate", "smoke", "xner"],
            1,
            "a table needs at least one result, found none; run the evaluate stage",
        ),
        (
            ["show", "smoke"],
            1,
            "a table needs at least one result, found none; run the evaluate stage",
        ),
        (
            ["check", "smoke"],
            1,
            "git ls-tree -r --name-only HEAD -- results/smoke/cells failed: "
            "fatal: not a git repository (or any of the parent directories): .git",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(
    project: Path, run: Callable[..., tuple[int, str, str]], words: list[str], status: int, expected: str
) -> None:
    assert run(*words) == (status, "", f"error: {expected}\n")
    assert files(project) == {"params.yaml"}


def test_without_params_yaml_one_line_says_where_to_be(
    project: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    (project / "params.yaml").unlink()
    message = "params.yaml: expected the parameter file, found none; run from the project's root"
    assert run("prepare", "smoke", "xner") == (1, "", f"error: {message}\n")
    assert files(project) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profiles: {", r"params\.yaml: not YAML: while parsing a flow node .* line 2, column 1"),
        ("", r"params\.yaml: the file must be a mapping, was: None"),
        ("profile: {}", r"params\.yaml: presets is missing; every parameter is given \(and 2 more\)"),
    ],
)
def test_a_malformed_params_yaml_is_one_line(
    project: Path, run: Callable[..., tuple[int, str, str]], text: str, expected: str
) -> None:
    (project / "params.yaml").write_text(text, encoding="utf-8")
    status, out, err = run("prepare", "smoke", "xner")
    assert (status, out) == (1, "")
    assert re.fullmatch(f"error: {expected}\n", err)


@pytest.mark.parametrize("verb", ["prepare", "pretrain", "aggregate"])
def test_a_ratio_in_percent_is_refused_by_every_command_before_it_does_anything(
    project: Path, run: Callable[..., tuple[int, str, str]], verb: str
) -> None:
    whole = content()
    put(whole, f"{XNER}.vicinity.mask_ratio", 30)
    write(project / "params.yaml", whole)
    message = f"params.yaml: {XNER}.vicinity.mask_ratio must be less than or equal to 1, was: 30"
    words = ["smoke"] if verb == "pretrain" else ["smoke", "xner"]
    assert run(verb, *words) == (1, "", f"error: {message}\n")
    assert files(project) == {"params.yaml"}


def test_files_of_the_user_are_prepared(project: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    write(project / "params.yaml", user_files(project))
    assert run("prepare", "smoke", "xner") == (0, "", "")
    made = {name for name in files(project) if name.startswith("data/")}
    parts = ("labelled", "unlabelled", "dev", "test", "test_text")
    corpora = {f"data/smoke/xner/{code}/{part}.parquet" for code in ("en", "es") for part in parts}
    text = {f"data/smoke/text/xner/{code}.parquet" for code in ("en", "es")}
    assert made == {*corpora, *text, "data/smoke/xner/manifest.json", "data/smoke/xner/manifest.md"}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("en.train", "Ana B-PER\nduerme\n", "en.train:2: expected a word and a tag, was: 'duerme'"),
        (
            "en.dev",
            "Ana B-DATE\n",
            "en.dev:1: a label of task xner must be one of O, B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC, "
            "B-MISC, I-MISC, was: 'B-DATE'",
        ),
        ("en.test", "\n\n", "en.test: expected at least one sentence, found none"),
        ("en.test", None, "en.test: expected a column file, found none (No such file or directory)"),
    ],
)
def test_a_bad_file_of_the_user_is_one_line_and_leaves_no_data(
    project: Path, run: Callable[..., tuple[int, str, str]], name: str, text: str | None, expected: str
) -> None:
    write(project / "params.yaml", user_files(project))
    (project / name).unlink()
    if text is not None:
        (project / name).write_text(text, encoding="utf-8")
    assert run("prepare", "smoke", "xner") == (1, "", f"error: {expected}\n")
    assert not (project / "data").exists()


def test_without_a_command_the_help_is_shown(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run()
    assert (status, err.count("error:")) == (2, 0)
    assert "Usage:" in out + err


def test_the_help_names_every_stage_with_a_sentence(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("--help")
    stages = {path.stem for path in (PARAMETERS.parent / "benchmark/stages").glob("*.py")}
    named = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert status == 0
    assert {"prepare", "pretrain", "warmup", "generate", "adapt", "supervise", "evaluate"} <= named & stages
    assert all(name in out for name in named)


def test_a_defect_shows_its_trace(
    project: Path, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*words: object, **others: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("benchmark.stages.prepare.prepare", fail)
    with pytest.raises(ZeroDivisionError, match="ours"):
        run("prepare", "smoke", "xner")


def test_a_traceback_can_be_asked_for(
    project: Path, run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UXLA_TRACEBACK", "1")
    with pytest.raises(ValueError, match="profiles must be one of"):
        run("prepare", "big", "xner")


def process(*words: str) -> dict[str, Any]:
    """Arguments of a process that runs a command."""
    environment = {**os.environ, "PYTHONPATH": str(PARAMETERS.parent)}
    return {"args": [sys.executable, "-m", "benchmark", *words], "env": environment, "text": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["distil"], 2, "No such command 'distil'."),
        (
            ["warmup", "smoke", "xner", "cross_entropy"],
            1,
            "data/smoke/xner/qaa/labelled.parquet: expected a corpus file, found none; "
            "run the stage that makes it",
        ),
        (
            ["evaluate", "smoke", "xner", "qab"],
            1,
            "data/smoke/xner/qab/test.parquet: expected a corpus file, found none; "
            "run the stage that makes it",
        ),
    ],
)
def test_a_process_ends_with_one_line_and_the_status(
    project: Path, words: list[str], status: int, expected: str
) -> None:
    done = subprocess.run(**process(*words), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"error: {expected}\n")
    assert files(project) == {"params.yaml"}


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_process_that_is_stopped_says_so_by_its_status(
    project: Path, sent: signal.Signals, status: int
) -> None:
    whole = content()
    languages = f"{XNER}.data.world.languages"
    put(whole, f"{languages}.qaa.text_sentences", 10)
    put(whole, f"{languages}.qab.train_sentences", 10**7)
    write(project / "params.yaml", whole)
    # What is started in the background inherits that Ctrl-C does nothing.
    heeding = {"preexec_fn": lambda: signal.signal(sent, signal.SIG_DFL)}
    with subprocess.Popen(
        **process("prepare", "smoke", "xner"), **heeding, stderr=subprocess.PIPE
    ) as running:
        # By then it is past its start, and busy with sentences that would take minutes.
        while psutil.Process(running.pid).cpu_times().user < 5:
            assert running.poll() is None
            time.sleep(0.1)
        running.send_signal(sent)
        _, err = running.communicate()
    assert (running.returncode, err) == (status, "")
    assert not (project / "data").exists()
