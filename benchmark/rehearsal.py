"""A rehearsal of a profile: all its stages from fetch to report, in a clone whose numbers are tiny.

Nothing in the clone knows of it. Its params.yaml and run.yaml alone differ: few steps, few examples, and
languages whose data are not at hand are absent.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmark.catalogue import Source, source_of
from benchmark.data import HubData
from benchmark.datalock import DataLock
from benchmark.fetching import fetch
from benchmark.fields import Section
from benchmark.gathering import PIPELINE
from benchmark.layout import Layout
from benchmark.sections import TaskSection
from benchmark.settings import Parameters, parameter_file, read_parameters, run_file, select
from benchmark.sources import SPLITS
from benchmark.variants import task_of
from uxla.files import write_text

AT_MOST: Mapping[str, float] = {
    "max_steps": 2,
    "train_passes": 1.0,
    "validate_every": 2,
    "resamples": 99,
    "train_sentences": 20,
    "dev_sentences": 20,
    "test_sentences": 20,
}
"""Numbers of params.yaml that are cut down, wherever they stand; null stays null."""

INSTEAD: Mapping[str, Any] = {"max_examples": 20, "counts": "any"}
"""What is replaced, wherever it stands."""

Missing = Mapping[tuple[str, str], str]
"""Why there are no data, by task and language."""


class Settings(Section):
    """What is read of params.yaml."""

    tasks: dict[str, TaskSection]


def make_clone(profile: str, *, folder: Path) -> dict[str, dict[str, str]]:
    """Make a clone of what is committed with a shrunk profile, or bring one up to date.

    What a clone has done so far stays, so that DVC goes on from there.

    Returns:
        For every task, the languages that are absent, each with the reason.

    Raises:
        ValueError: this is no git checkout, the folder holds something else, there is no such profile, or
            a source or all targets of a task have no data.
    """
    branch, home = f"rehearsal-{profile}", _git(Path(), "rev-parse", "--show-toplevel")
    if not (folder / ".git").exists():
        if folder.exists() and any(folder.iterdir()):
            raise ValueError(f"{folder}: expected a new folder or one of an earlier rehearsal, found files")
        _git(Path(), "init", "--quiet", f"--initial-branch={branch}", str(folder))
    if (found := _git(folder, "symbolic-ref", "--short", "HEAD")) != branch:
        raise ValueError(f"{folder}: expected a rehearsal of {profile} on branch {branch}, was: {found}")
    _git(folder, "fetch", "--quiet", "--no-tags", home, "HEAD")
    last_and_before = _git(folder, "rev-list", "--topo-order", "--max-count=2", "--all").split()
    if _git(folder, "rev-parse", "FETCH_HEAD") not in last_and_before[1:]:
        _git(folder, "reset", "--quiet", "--hard", "FETCH_HEAD")
        _shrink_clone(profile, folder)
    tasks = select(Settings, read_parameters(folder / "params.yaml"), profile=profile).tasks
    return {name: section.absent for name, section in tasks.items()}


def run_clone(profile: str, *, folder: Path, stages: Sequence[str]) -> None:
    """Run the pipeline of a profile in a clone made by `make_clone`, then write its report.

    Args:
        profile: its name.
        folder: the clone.
        stages: names such as `aggregate@xner`, run with all that they need; all stages where there is none.

    Raises:
        ValueError: a stage or the report failed, which has said why.
    """
    pipeline = _pipeline(profile)
    targets = [f"{pipeline}:{stage}" for stage in stages] or [pipeline]
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    for command in (["dvc", "repro", *targets], ["benchmark", "report", profile]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environment, check=False)
        if done.returncode:
            name = " ".join(command)
            raise ValueError(
                f"{name} in {folder} ended with status {done.returncode}, see above; rehearse again to go on"
            )


def _pipeline(profile: str) -> str:
    return PIPELINE.get(profile, f"pipelines/{profile}/dvc.yaml")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip()
        raise ValueError(f"{' '.join(command)} failed: {reason}") from None
    return done.stdout.strip()


def _shrink_clone(profile: str, folder: Path) -> None:
    """Shrink a profile in a fresh checkout and commit that: runs of what is not committed are suspect."""
    # What was recorded at full size, and from another hub.
    recorded = (Layout(profile).tables(), Path(_pipeline(profile)).with_name("dvc.lock"), "data.lock.json")
    parameters, path = read_parameters(folder / "params.yaml"), folder / parameter_file(profile)
    _git(folder, "rm", "-r", "--quiet", "--ignore-unmatch", "--", *map(str, recorded))
    tasks = select(Settings, parameters, profile=profile).tasks
    missing = unavailable(tasks, lock=Layout(profile, folder).data_lock)
    whole = shrunk(parameters, profile=profile, missing=missing).model_dump(mode="json")
    runs = {profile: {"run": whole["profiles"][profile].pop("run")}}
    numbers = {**whole, "profiles": {profile: whole["profiles"][profile]}}
    for file, content in ((path, numbers), (run_file(path), {"profiles": runs})):
        write_text(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
    about = ("-c", "user.name=rehearsal", "-c", "user.email=", "-c", "commit.gpgsign=false")
    message = f"Rehearsal of the profile {profile}"
    _git(folder, *about, "commit", "--quiet", "--no-verify", "--all", "--message", message)


def unavailable(tasks: Mapping[str, TaskSection], *, lock: Path) -> dict[tuple[str, str], str]:
    """The languages whose data cannot be fetched, and why, by task; what can be is in the cache then.

    Raises:
        ValueError: what cannot be fetched is the source or all targets of a task, which then cannot run.
    """
    reasons: dict[Source, ValueError | None] = {}
    missing: dict[tuple[str, str], str] = {}
    for name, section in tasks.items():
        if not isinstance(section.data, HubData):
            continue
        for language, entry in section.data.languages.items():
            source = source_of(entry, task_of(name), language)
            if source not in reasons:
                reasons[source] = _tried(source, language, section.data.folder, lock)
            if error := reasons[source]:
                # What went wrong differs from hub to hub; the file comes first.
                missing[name, language] = f"{str(error).split()[0].rstrip(':')} cannot be read"
                if all((name, code) in missing for code in section.languages) or language == section.source:
                    raise error
    return missing


def _tried(source: Source, language: str, folder: str | None, lock: Path) -> ValueError | None:
    try:
        fetch({(language, split): source for split in SPLITS}, folder=folder, lock=DataLock(lock))
    except ValueError as error:
        return error
    return None


def shrunk(parameters: Parameters, *, profile: str, missing: Missing) -> Parameters:
    """The same parameters, but for one profile's numbers of steps and examples and what is missing."""
    whole = parameters.model_dump(mode="json")
    chosen = _without(_smaller(profile, whole["profiles"][profile]), missing)
    for name, section in chosen["tasks"].items():
        gone = {language: reason for (task, language), reason in missing.items() if task == name}
        section["absent"] |= {code: why for code, why in gone.items() if code in section["languages"]}
        for key in ("languages", "ablated"):
            section[key] = [code for code in section[key] if code not in gone]
        for mapping in (section["targets"], section["data"].get("languages", {})):
            for code in gone.keys() & mapping.keys():
                del mapping[code]
    whole["profiles"][profile] = chosen
    return Parameters.model_validate(whole)


def _smaller(key: str, value: Any) -> Any:
    """A value with smaller numbers, in itself and in all below it."""
    if isinstance(value, dict):
        return {name: _smaller(name, entry) for name, entry in value.items()}
    if key in AT_MOST and value is not None:
        return min(value, AT_MOST[key])
    return INSTEAD.get(key, value)


def _without(value: Any, missing: Missing) -> Any:
    """A value without what names a task together with a language that is missing, and so in all below it."""
    if isinstance(value, list):
        return [entry for entry in value if entry not in {f"{task}/{code}" for task, code in missing}]
    if not isinstance(value, dict):
        return value
    return {
        key: _without(entry, missing)
        for key, entry in value.items()
        if not (isinstance(entry, dict) and _is_missing(entry, missing))
    }


def _is_missing(entry: Mapping[str, Any], missing: Missing) -> bool:
    return any((entry.get("task"), entry.get(key)) in missing for key in ("language", "target"))
