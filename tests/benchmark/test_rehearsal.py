"""A rehearsal differs from the real thing in few numbers, and runs to the report where data are at hand."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.rehearsal import AT_MOST, INSTEAD, make_clone, shrunk, unavailable
from benchmark.sections import TaskSection
from benchmark.settings import parameter_file, read_parameters, run_file
from tests.benchmark.parameters import PARAMETERS, SHARED, content, put, write
from tests.test_repro import ENVIRONMENT, commit, copy_project, done, started

WHOLE = read_parameters(PARAMETERS)
NUMBERS = [parameter_file(profile) for profile in WHOLE.profiles]
PARAMETER_FILES = [*NUMBERS, *map(run_file, NUMBERS)]
GONE = {
    ("xner", "ar"): "no file of ar",
    ("xnli", "sw"): "no file of sw",
    ("xnli_full", "sw"): "no file of sw",
    ("wikiann", "my"): "no file of my",
}


def flat(value: Any, address: str = "") -> dict[str, Any]:
    """All values that are no mappings, by their addresses."""
    if not isinstance(value, dict):
        return {address: value}
    leaves: dict[str, Any] = {}
    for key, entry in value.items():
        leaves |= flat(entry, f"{address}/{key}")
    return leaves


# --- params.yaml ---


@pytest.mark.parametrize("profile", WHOLE.profiles)
def test_only_steps_and_examples_of_the_one_profile_differ(profile: str) -> None:
    before = flat(WHOLE.model_dump(mode="json"))
    after = flat(shrunk(WHOLE, profile=profile, missing={}).model_dump(mode="json"))
    assert before.keys() == after.keys()
    changed = {address for address in before if before[address] != after[address]}
    assert {address.split("/")[2] for address in changed} == {profile}
    assert {address.rsplit("/", 1)[1] for address in changed} <= AT_MOST.keys() | INSTEAD.keys()


def test_the_paper_profile_becomes_small_in_every_task() -> None:
    for section in shrunk(WHOLE, profile="paper", missing={}).profiles["paper"].tasks.values():
        recipes = (
            section.warmup,
            section.supervision,
            *section.targets.values(),
            *section.ablations.values(),
        )
        assert all((recipe.max_steps or 0) <= 2 and (recipe.train_passes or 0) <= 1 for recipe in recipes)
        assert all(recipe.validate_every == 2 for recipe in recipes)
        assert (section.data.max_examples, section.data.counts) == (20, "any")  # type: ignore[union-attr]
        assert section.evaluation.resamples == 99


def test_what_is_missing_is_absent_with_its_reason_and_nothing_runs_on_it() -> None:
    chosen = shrunk(WHOLE, profile="paper", missing=GONE).profiles["paper"]
    for (task, language), reason in GONE.items():
        section = chosen.tasks[task]
        assert section.absent[language] == reason
        assert language not in section.languages
        assert language not in section.data.codes
    before = WHOLE.profiles["paper"].run
    for name in ("corpora", "supervised", "cells", "tagged"):
        kept = {key for key in getattr(before, name) if tuple(key.split("-")) not in GONE}
        assert set(getattr(chosen.run, name)) == kept
    assert set(chosen.run.analysed.cells) == {"xner-es", "xner-nl", "xner-fi"}
    assert chosen.tasks["xner"].ablated == ("es", "nl", "fi")
    assert chosen.tasks["xner"].absent.keys() == {"ar", "de"}
    assert chosen.tasks["pawsx"].languages == WHOLE.profiles["paper"].tasks["pawsx"].languages


def test_the_masked_lm_does_not_wait_for_text_that_is_missing() -> None:
    section = shrunk(WHOLE, profile="mini", missing=GONE).profiles["mini"].language_model
    before = WHOLE.profiles["mini"].language_model
    gone = {"xner/ar", "wikiann/my"}
    assert section.corpora == tuple(n for n in before.corpora if n not in gone)  # type: ignore[union-attr]


# --- what is at hand ---


def in_folder(folder: Path, task: str, *at_hand: str) -> dict[str, TaskSection]:
    """A task of the paper profile whose data are read from a folder that has some of its languages."""
    section = WHOLE.profiles["paper"].tasks[task]
    for language in at_hand:
        for split in ("train", "validation", "test"):
            path = folder / f"datasets/unimelb-nlp/wikiann/{language}/{split}-00000-of-00001.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"any")
    return {
        task: section.model_copy(update={"data": section.data.model_copy(update={"folder": str(folder)})})
    }


def test_a_language_without_data_is_named_with_its_file(tmp_path: Path) -> None:
    tasks, lock = in_folder(tmp_path, "wikiann", "en", "my", "ur"), tmp_path / "lock.json"
    file = tmp_path / "datasets/unimelb-nlp/wikiann/bn/train-00000-of-00001.parquet"
    assert unavailable(tasks, lock=lock) == {("wikiann", "bn"): f"{file} cannot be read"}
    assert len(json.loads(lock.read_text())["unimelb-nlp/wikiann"]["files"]) == 9


@pytest.mark.parametrize(("at_hand", "named"), [(("ur",), "en"), (("en",), "my")])
def test_without_its_source_or_any_target_a_task_cannot_be_rehearsed(
    tmp_path: Path, at_hand: tuple[str, ...], named: str
) -> None:
    with pytest.raises(ValueError, match=rf"/{named}/train\S+: expected a data file, found none"):
        unavailable(in_folder(tmp_path, "wikiann", *at_hand), lock=tmp_path / "lock.json")


def test_toy_languages_are_always_at_hand(tmp_path: Path) -> None:
    assert unavailable(WHOLE.profiles["smoke"].tasks, lock=tmp_path / "lock.json") == {}


# --- the clone ---


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout that a command is run in: parameters, and what full-sized runs have recorded."""
    origin = tmp_path / "origin"
    for name in ("dvc.lock", "results/smoke/xner.md", "results/mini/xner.md", "data.lock.json"):
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_text("recorded", encoding="utf-8")
    for file in PARAMETER_FILES:
        (origin / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PARAMETERS.parent / file, origin / file)
    commit(origin)
    monkeypatch.chdir(origin)
    return origin


def test_a_clone_has_the_committed_state_but_for_the_numbers_and_what_was_recorded(
    origin: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    (origin / "params.yaml").write_text("not committed", encoding="utf-8")
    absent = make_clone("smoke", folder=clone)
    assert absent == {task: {} for task in WHOLE.profiles["smoke"].run.tasks}
    assert read_parameters(clone / "params.yaml") == shrunk(WHOLE, profile="smoke", missing={})
    files = {*map(str, PARAMETER_FILES), "results/mini/xner.md"}
    assert set(done(clone, "git", "ls-files").split()) == files
    assert done(clone, "git", "status", "--porcelain") == ""


def test_a_clone_goes_on_and_takes_up_what_was_committed_since(origin: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    make_clone("smoke", folder=clone)
    (clone / "dvc.lock").write_text("done so far", encoding="utf-8")
    before = done(clone, "git", "rev-parse", "HEAD")
    make_clone("smoke", folder=clone)
    assert done(clone, "git", "rev-parse", "HEAD") == before
    assert (clone / "dvc.lock").read_text(encoding="utf-8") == "done so far"
    (origin / "new.py").write_text("", encoding="utf-8")
    done(origin, "git", "add", "--all")
    done(origin, "git", "commit", "--quiet", "--message", "mended")
    make_clone("smoke", folder=clone)
    assert (clone / "new.py").exists()
    assert read_parameters(clone / "params.yaml") == shrunk(WHOLE, profile="smoke", missing={})
    assert done(clone, "git", "log", "--format=%s").splitlines()[1:] == ["mended", "as it is"]


def test_a_folder_of_anything_else_is_left_as_it_is(origin: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"other: expected a new folder or one of an earlier rehearsal, found"
    ):
        make_clone("smoke", folder=other)
    with pytest.raises(
        ValueError, match=r"expected a rehearsal of smoke on branch rehearsal-smoke, was: \w+$"
    ):
        make_clone("smoke", folder=origin)
    assert (other / "thesis.tex").read_text(encoding="utf-8") == "mine"
    assert (origin / "dvc.lock").exists()


def test_outside_of_a_checkout_there_is_nothing_to_rehearse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ValueError, match=r"rev-parse --show-toplevel failed: .*not a git repository"):
        make_clone("smoke", folder=tmp_path / "clone")


# --- all of it ---


@pytest.fixture
def hub() -> Iterator[str]:
    """A hub on this machine, with data of the paper and a stand-in for XLM-R large."""
    server = SHARED / "hub/serve.py"
    if not server.is_file():
        pytest.skip(f"no {server}: a hub on this machine is not at hand")
    command = [sys.executable, str(server), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def small_table() -> Any:
    """Parameters of a paper profile with XNER in Spanish, WikiANN in Burmese and Bengali, at full size."""
    whole = content()
    whole["profiles"] = {"paper": whole["profiles"]["paper"]}
    profile = whole["profiles"]["paper"]
    for task in ("xnli", "pawsx", "xnli_full", "pawsx_full"):
        del profile["tasks"][task]
    put(whole, "profiles.paper.run.tasks", ["xner", "wikiann"])
    kept = {"xner-en", "xner-es", "wikiann-en", "wikiann-my", "wikiann-bn"}
    run = profile["run"]
    for entries in (run["corpora"], run["supervised"], run["cells"], run["tagged"], run["analysed"]["cells"]):
        for name in entries.keys() - kept:
            del entries[name]
    for name, languages in {"xner": ["es"], "wikiann": ["my", "bn"]}.items():
        task = profile["tasks"][name]
        task["languages"] = languages
        task["ablated"] = [code for code in task["ablated"] if code in languages]
        for mapping in (task["targets"], task["data"]["languages"]):
            for code in mapping.keys() - {"en", *languages}:
                del mapping[code]
    return whole


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_cell_then_its_table_of_the_paper_profile_are_rehearsed_from_fetch_to_report(
    hub: str, tmp_path: Path
) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    copy_project(origin)
    write(origin / parameter_file("paper"), small_table())
    run_file(origin / parameter_file("paper")).write_text("profiles: {}\n", encoding="utf-8")
    commit(origin)
    environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "hf")}

    def rehearse(stage: str) -> str:
        command = [sys.executable, "-m", "benchmark", "rehearse", "paper", "--into", str(clone), stage]
        finished = subprocess.run(
            command, cwd=origin, env=environment, capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout.replace("pipelines/paper/", "")

    missing = "unimelb-nlp/wikiann/bn/train-00000-of-00001.parquet cannot be read"
    told = rehearse("evaluate@wikiann-my")
    assert f"wikiann bn: a dash; {missing}\n" in told
    objectives = ("cross_entropy", "confidence_penalty")
    assert started(told) == {
        "prepare@xner",
        "prepare@wikiann",
        "pretrain",
        *(f"warmup@wikiann-{objective}" for objective in objectives),
        "generate@wikiann-en",
        *(f"{verb}@wikiann-my" for verb in ("generate", "adapt", "supervise", "evaluate")),
    }
    assert started(rehearse("aggregate@wikiann")) == {"evaluate_source@wikiann", "aggregate@wikiann"}
    page = (clone / "results/paper/wikiann.md").read_text(encoding="utf-8")
    assert re.search(r"^\| system +\| +en \| +my \| +bn \| ", page, re.MULTILINE)
    assert f"bn: {missing}." in page
    assert "WikiANN" in (clone / "report/paper.html").read_text(encoding="utf-8")
