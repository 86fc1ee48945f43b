"""dvc.yaml, params.yaml and the stages' modules say the same."""

import ast
import importlib
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from benchmark.fields import Section
from benchmark.layout import ALL
from benchmark.settings import parameter_file, read_parameters, run_file

ROOT = Path(__file__).parent.parent
PIPELINES = {
    "smoke": ROOT / "dvc.yaml",
    **{p.parent.name: p for p in (ROOT / "pipelines").glob("*/dvc.yaml")},
}
WITHOUT_EFFECT = ("benchmark/tracking/", "benchmark/progress.py")
"""Code that cannot change an output; a change of it reruns nothing."""

WITH_FACTS = ("benchmark/catalogue", "benchmark/published")
"""Modules that read a file of facts beside them."""

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def body(stage: str) -> dict:
    return STAGES[stage].get("do", STAGES[stage])


def verb(stage: str) -> str:
    return body(stage)["cmd"].split()[3]


VERBS = sorted({verb(stage) for stage in STAGES})
LINKS = ROOT / "pipelines/code"
"""A folder for every verb, whose files are links to the code it runs: for DVC one thing, not thirty."""


def imported(path: str) -> set[str]:
    """Files of this project that a file reaches through its imports, itself included."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                stem = name.replace(".", "/")
                for candidate in (f"{stem}.py", f"{stem}/__init__.py"):
                    is_package = candidate in ("uxla/__init__.py", "benchmark/__init__.py")
                    if (
                        name.split(".")[0] in ("uxla", "benchmark")
                        and (ROOT / candidate).is_file()
                        and not is_package
                    ):
                        waiting.append(candidate)
    return {file for file in found if not file.startswith(WITHOUT_EFFECT)}


def code_of(verb: str) -> set[str]:
    """Files whose change can change an output of a verb: what it imports, and the facts that this reads."""
    files = imported(f"benchmark/stages/{verb}.py")
    return files | {f"{stem}.yaml" for stem in WITH_FACTS if f"{stem}.py" in files}


def write_links() -> None:
    """Link the code of every verb into its folder, and nothing else."""
    shutil.rmtree(LINKS, ignore_errors=True)
    for folder, file in [(LINKS / name, file) for name in VERBS for file in code_of(name)]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).symlink_to(os.path.relpath(ROOT / file, (folder / file).parent))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_lists_the_folder_of_its_code_and_no_other_code(stage: str) -> None:
    code = [dep for dep in body(stage)["deps"] if dep.startswith(("uxla", "benchmark", "pipelines"))]
    assert code == [f"pipelines/code/{verb(stage)}"]


@pytest.mark.parametrize("name", VERBS)
def test_a_folder_of_code_links_to_exactly_what_its_stage_runs(name: str) -> None:
    """If not: python -c 'from tests.test_pipeline import write_links; write_links()'."""
    links = [path for path in (LINKS / name).rglob("*") if path.is_symlink() or path.is_file()]
    assert {str(path.relative_to(LINKS / name)) for path in links} == code_of(name)
    for path in links:
        assert path.is_symlink()
        assert not path.readlink().is_absolute()
        assert path.resolve() == ROOT / path.relative_to(LINKS / name)


def test_every_folder_of_code_belongs_to_a_stage() -> None:
    assert sorted(path.name for path in LINKS.iterdir()) == VERBS


CHOSEN = {"targets": "target", "rivals": "rival"}
"""Sections of which a stage reads one entry, and what its settings call that."""


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_lists_exactly_the_parameters_it_reads(stage: str) -> None:
    module = importlib.import_module(f"benchmark.stages.{verb(stage)}")
    settings: type[Section] = module.Settings
    (tracked,) = body(stage)["params"]
    addresses = [re.sub(r"\$\{item\.\w+\}", "*", address) for address in tracked["params.yaml"]]
    read = {CHOSEN.get(a.split(".")[-2], a.removeprefix("profiles.smoke.").split(".")[-1]) for a in addresses}
    optional = {"target"} if stage == "evaluate_source" else set()
    # Targets and ablations say only in what they differ from it.
    assert ("adaptation" in read) == bool({"target", "targets", "ablations"} & read)
    assert read - {"adaptation"} == set(settings.model_fields) - optional


EVERYTHING = "data/smoke/${item.task}"
"""All data of a task, labels of the test sets among them."""

JUDGES = ("evaluate", "contrast", "analyse")
"""Stages that see labels of the test sets: they train nothing, and what they write no stage learns from."""


@pytest.mark.parametrize("stage", STAGES)
def test_test_labels_reach_the_judges_alone(stage: str) -> None:
    deps = body(stage)["deps"]
    opens_test = any("test.parquet" in dep for dep in deps) or EVERYTHING in deps
    assert opens_test == (verb(stage) in JUDGES)
    module = ast.parse((ROOT / f"benchmark/stages/{verb(stage)}.py").read_text(encoding="utf-8"))
    called = {n.func.id for n in ast.walk(module) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    if verb(stage) in JUDGES:
        assert called & {"fit", "co_teach", "train_models"} == set()
    trains = any(out.startswith("models/") for out in body(stage)["outs"] if isinstance(out, str))
    if trains:
        assert not [dep for dep in deps if dep.startswith(("results/", "predictions/"))]


def test_of_the_stages_that_train_only_the_upper_bounds_see_the_labels_of_a_target() -> None:
    labelled = re.compile(r"\$\{item\.(target|language)\}/labelled")
    seeing = {s for s in STAGES if any(labelled.search(dep) for dep in body(s)["deps"])}
    assert seeing == {"supervise", "tag", "evaluate"}


@pytest.mark.parametrize("profile", [p for p in PIPELINES if p != "smoke"])
def test_the_other_profiles_run_the_same_stages(profile: str) -> None:
    renamed = (ROOT / "dvc.yaml").read_text(encoding="utf-8").split("vars:")[1]
    renamed = re.sub(r"(?<=[./ ])smoke(?=[./ \n])", profile, renamed)
    renamed = renamed.replace("wdir: .", "wdir: ../..").replace("y: {results", "y: {../../results")
    renamed = renamed.replace("- params.yaml:\n", f"- pipelines/{profile}/params.yaml:\n")
    assert PIPELINES[profile].read_text(encoding="utf-8").split("vars:")[1] == renamed


@pytest.mark.parametrize("profile", PIPELINES)
def test_what_the_stages_fan_out_over_exists(profile: str) -> None:
    whole = read_parameters(ROOT / "params.yaml").profiles[profile]
    assert set(whole.run.contrasted) == {task for task in whole.run.tasks if whole.tasks[task].rivals}
    for task in whole.run.tasks:
        settings = whole.tasks[task]
        rivals = {entry.rival for entry in whole.run.rivals.values() if entry.task == task}
        assert rivals == set(settings.rivals)
        assert rivals == {entry.rival for entry in whole.run.rival_models.values() if entry.task == task}
        tagged = {entry.language for entry in whole.run.tagged.values() if entry.task == task}
        assert tagged == ({settings.source, *settings.languages} if settings.tagger else set())
        cells = {cell.target for cell in whole.run.cells.values() if cell.task == task}
        corpora = {corpus.language for corpus in whole.run.corpora.values() if corpus.task == task}
        supervised = {corpus.language for corpus in whole.run.supervised.values() if corpus.task == task}
        of_cells = {cell.supervised for cell in whole.run.cells.values() if cell.task == task}
        assert settings.source == whole.run.source
        assert supervised == ({ALL} if settings.supervised_on == "all" else cells)
        assert of_cells == supervised
        for cell in whole.run.cells.values():
            assert cell.supervised in (ALL, cell.target)
        assert cells == set(settings.languages)
        assert corpora == {settings.source, *settings.languages}


def test_only_stages_that_there_are_have_been_recorded() -> None:
    recorded = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    with Repo(str(ROOT)) as repo:
        assert set(recorded) <= {stage.name for stage in repo.stage.load_all("dvc.yaml")}


def test_every_profile_has_a_pipeline() -> None:
    assert set(read_parameters(ROOT / "params.yaml").profiles) == set(PIPELINES)


@pytest.mark.parametrize("profile", PIPELINES)
def test_the_numbers_of_a_profile_are_beside_its_pipeline(profile: str) -> None:
    """DVC reads a file of parameters once for every stage, so it holds no more than the stages need."""
    file = ROOT / parameter_file(profile)
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert file.parent == PIPELINES[profile].parent
    assert list(content["profiles"]) == [profile]
    runs = yaml.safe_load(run_file(file).read_text(encoding="utf-8"))
    assert {name: list(section) for name, section in runs["profiles"].items()} == {profile: ["run"]}
    assert "run" not in content["profiles"][profile]
    assert content["presets"] == yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["presets"]
