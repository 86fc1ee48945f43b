"""`dvc repro` in a clone, on a miniature of the smoke profile: what runs, what reruns, what fails."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.miniature import ANALYSED, ROOT, TARGETS, TASK, write_miniature

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
"""A score of processes take two minutes on a core of their own."""

STAGES = {
    f"prepare@{TASK}",
    "pretrain",
    *(f"warmup@{TASK}-{objective}" for objective in ("cross_entropy", "confidence_penalty")),
    *(f"generate@{TASK}-{language}" for language in ("qaa", *TARGETS)),
    *(f"{verb}@{TASK}-{target}" for verb in ("adapt", "supervise", "evaluate") for target in TARGETS),
    f"evaluate_source@{TASK}",
    f"aggregate@{TASK}",
    f"ablate@{TASK}-{ANALYSED}",
    f"analyse@{TASK}-{ANALYSED}",
    f"summarise@{TASK}",
}
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "MLFLOW_"))} | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Test"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "test@example.org"),
}


def run(clone: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=clone, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def done(clone: Path, *command: str) -> str:
    """Standard output and error of a command that succeeds."""
    finished = run(clone, *command)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def started(output: str) -> set[str]:
    """The stages that DVC says it runs."""
    return set(re.findall(r"Running stage '(?:dvc\.yaml:)?([^']+)'", output))


def changed(clone: Path) -> set[str]:
    """The stages that DVC finds changed."""
    return set(re.findall(r"^(\w+(?:@[\w-]+)?):", done(clone, "dvc", "status"), re.MULTILINE))


def set_parameter(clone: Path, address: str, value: object) -> None:
    """Edit params.yaml as a person would: one value, anchors and `<<` kept."""
    yaml = YAML()
    path = clone / "params.yaml"
    content = yaml.load(path.read_text(encoding="utf-8"))
    *sections, key = f"profiles.smoke.{address}".split(".")
    section = content
    for name in sections:
        section = section[name]
    section[key] = value
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def copy_project(folder: Path) -> None:
    """Copy the files as they are, changed or new ones included, without what was recorded."""
    listed = done(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists() and not name.startswith("results/") and not name.endswith("dvc.lock"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name, follow_symlinks=False)


def commit(folder: Path) -> None:
    """Make a repository of a folder."""
    done(folder, "git", "init", "--quiet")
    done(folder, "git", "add", "--all")
    done(folder, "git", "commit", "--quiet", "--message", "as it is")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the files as they are, with the small profile."""
    origin = tmp_path_factory.mktemp("repro") / "origin"
    copy_project(origin)
    write_miniature(origin / "params.yaml", baselines=False)
    commit(origin)
    clone = origin.with_name("clone")
    done(origin, "git", "clone", "--quiet", str(origin), str(clone))
    return clone


@pytest.fixture(scope="module")
def reproduced(checkout: Path) -> tuple[Path, str]:
    """The clone after its first `dvc repro`, committed, and what DVC said."""
    output = done(checkout, "dvc", "repro")
    done(checkout, "git", "add", "--all")
    done(checkout, "git", "commit", "--quiet", "--message", "results")
    return checkout, output


@pytest.fixture
def clone(reproduced: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it, cache included, for a test to change."""
    return shutil.copytree(reproduced[0], tmp_path / "clone", symlinks=True)


def test_a_clone_is_reproduced_by_one_command(reproduced: tuple[Path, str]) -> None:
    root, output = reproduced
    assert started(output) == STAGES
    tables = {path.name for path in (root / "results/smoke").glob(f"{TASK}.*")}
    assert tables == {f"{TASK}.{suffix}" for suffix in ("csv", "json", "md", "tex")}
    page = (root / f"results/smoke/{TASK}.md").read_text(encoding="utf-8")
    (uxla,) = [line for line in page.splitlines() if line.startswith("| UXLA  ")]
    assert uxla.count("–") == 1, "only the source, which is adapted to nothing, is a dash"


def test_results_are_for_git_and_data_and_models_for_dvc(reproduced: tuple[Path, str]) -> None:
    root = reproduced[0]
    assert done(root, "git", "status", "--porcelain") == ""
    kept = done(root, "git", "ls-files").splitlines()
    assert {f"results/smoke/{TASK}.md", f"results/smoke/cells/{TASK}/qab.json", "dvc.lock"} <= set(kept)
    assert not [name for name in kept if name.startswith(("data/", "models/", "predictions/", "state/"))]


def test_reproduced_again_nothing_runs(clone: Path) -> None:
    assert changed(clone) == set()
    output = done(clone, "dvc", "repro")
    assert started(output) == set()
    assert "up to date" in output


def test_changed_code_of_the_table_marks_the_table_alone(clone: Path) -> None:
    with (clone / "benchmark/tables.py").open("a", encoding="utf-8") as file:
        file.write("# another line\n")
    assert changed(clone) == {f"aggregate@{TASK}", f"summarise@{TASK}"}


def test_changed_code_of_tracking_marks_nothing(clone: Path) -> None:
    with (clone / "benchmark/tracking/run.py").open("a", encoding="utf-8") as file:
        file.write("# another line\n")
    assert changed(clone) == set()


@pytest.mark.parametrize(
    ("address", "value", "marked"),
    [
        (
            "tasks.xner.targets.qab.learning_rate",
            1e-3,
            {"adapt@xner-qab", "evaluate@xner-qab", "analyse@xner-qab", "aggregate@xner"},
        ),
        (
            "tasks.xner.targets.qac.agreement",
            False,
            {"adapt@xner-qac", "evaluate@xner-qac", "aggregate@xner"},
        ),
        (
            "tasks.xner.adaptation.max_steps",
            5,
            {f"{verb}@xner-{target}" for verb in ("adapt", "evaluate") for target in TARGETS}
            | {"ablate@xner-qab", "analyse@xner-qab", "aggregate@xner", "summarise@xner"},
        ),
        ("tasks.xner.supervision.max_steps", 30, {f"supervise@xner-{target}" for target in TARGETS}),
        (
            "tasks.xner.vicinity.mask_ratio",
            0.4,
            {"aggregate@xner", *(f"generate@xner-{code}" for code in ("qaa", *TARGETS))},
        ),
        ("display_name", "another LM", {"aggregate@xner", "summarise@xner"}),
        (
            "tasks.xner.ablations.confidence-80.agreement",
            False,
            {"ablate@xner-qab", "analyse@xner-qab", "summarise@xner"},
        ),
        ("language_model.seed", 2, {"pretrain", "aggregate@xner", "summarise@xner"}),
    ],
)
def test_a_changed_parameter_marks_the_stages_that_read_it(
    clone: Path, address: str, value: object, marked: set[str]
) -> None:
    set_parameter(clone, address, value)
    assert changed(clone) == marked


def test_an_experiment_with_one_target_runs_that_target_and_the_table(clone: Path) -> None:
    address = "profiles.smoke.tasks.xner.targets.qac.learning_rate"
    before = {path: path.read_bytes() for path in (clone / "results/smoke/cells").rglob("*.json")}
    output = done(clone, "dvc", "exp", "run", "-S", f"+{address}=0.001")
    again = {f"{verb}@xner-qac" for verb in ("adapt", "evaluate")}
    assert started(output) == again | {"aggregate@xner", "summarise@xner"}
    assert {path.stem for path in before if path.read_bytes() != before[path]} == {"qac"}
    assert "0.001" in done(clone, "dvc", "exp", "show", "--csv")
    # As the README says, back to before.
    done(clone, "git", "restore", "params.yaml", "dvc.lock", "results")
    done(clone, "dvc", "checkout", "dvc.yaml")
    assert changed(clone) == set()


def test_a_value_out_of_range_fails_in_one_line(clone: Path) -> None:
    set_parameter(clone, "tasks.xner.vicinity.mask_ratio", 30)
    failed = run(clone, "dvc", "repro")
    assert failed.returncode != 0
    (line,) = [line for line in failed.stderr.splitlines() if line.startswith("error:")]
    assert "profiles.smoke.tasks.xner.vicinity.mask_ratio" in line
    assert line.endswith("was: 30")
    assert "Traceback" not in failed.stdout + failed.stderr


def test_a_missing_file_fails_in_one_line(clone: Path) -> None:
    (clone / "data/smoke/vicinal/xner/qab.parquet").unlink()
    failed = run(clone, "python", "-m", "benchmark", "adapt", "smoke", "xner", "qab")
    assert failed.returncode == 1
    assert failed.stderr.strip() == (
        "error: data/smoke/vicinal/xner/qab.parquet: expected a corpus file, found none; "
        "run the stage that makes it"
    )
