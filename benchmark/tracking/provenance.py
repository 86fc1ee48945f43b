"""Where a run comes from: the git commit, the DVC stage and the hashes of what it read."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

# What decides the result. The stages themselves write dvc.lock and the tables, which are tracked.
PARAMETERS = (":(glob)**/params.yaml", ":(glob)**/run.yaml", ":(glob)**/dvc.yaml")
CODE = ("uxla", "benchmark", *PARAMETERS, "pyproject.toml")
# DVC holds this file while it writes dvc.lock, also for the stage that runs beside this one.
LOCK_OF_DVC = Path(".dvc/tmp/lock")
LOCK_SECONDS = 120.0


def provenance_tags(source: Path, stage: str) -> dict[str, str]:
    """Tags of a stage that runs in the tree `source`; what git or DVC do not say is left out.

    A run may see several stages, which may run on different commits: each has its own tags.
    """
    tags: dict[str, str] = {}
    commit = _git(source, "rev-parse", "HEAD")
    if commit:
        tags["mlflow.source.git.commit"] = tags[f"git.commit.{stage}"] = commit
        changes = _git(source, "status", "--porcelain", "--", *CODE)
        tags[f"git.dirty.{stage}"] = "true" if changes else "false"
    dvc_stage = os.environ.get("DVC_STAGE")
    if dvc_stage:
        tags[f"dvc.stage.{stage}"] = dvc_stage
        entry = _lock(source).get(dvc_stage.rpartition(":")[2], {})
        paths = [dependency["path"] for dependency in entry.get("deps", [])]
        tags |= dependency_tags(source, paths)
    if "DVC_EXP_NAME" in os.environ:
        tags["dvc.experiment"] = os.environ["DVC_EXP_NAME"]
    return tags


def dependency_tags(source: Path, paths: Iterable[Path | str]) -> dict[str, str]:
    """The tag `dvc.dep.<path>` of every path that a stage of this pipeline has made: its hash.

    A folder that holds the outputs of several stages gets a tag for each of them. A stage's own
    record of what it read is from its last run, hence the hashes of those who wrote it.
    """
    wanted = [Path(path) for path in paths]
    return {
        "dvc.dep." + re.sub(r"[^\w.\- /]", "_", path): digest
        for path, digest in _outputs(source)
        if any(Path(path).is_relative_to(want) or want.is_relative_to(path) for want in wanted)
    }


def _outputs(source: Path) -> Iterator[tuple[str, str]]:
    for entry in _lock(source).values():
        for output in entry.get("outs", []):
            if "md5" in output:
                yield output["path"], output["md5"]


def _lock(source: Path) -> dict[str, Any]:
    """What DVC has recorded beside the dvc.yaml of the stage that runs, which is named with its path."""
    pipeline = Path(os.environ.get("DVC_STAGE", "").rpartition(":")[0])
    path = source / pipeline.parent / "dvc.lock"
    if not path.is_file():
        return {}
    lock = source / LOCK_OF_DVC
    with FileLock(lock, timeout=LOCK_SECONDS) if lock.parent.is_dir() else nullcontext():
        text = path.read_text(encoding="utf-8")
    content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return dict((content or {}).get("stages") or {})


def _git(source: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(source), *arguments], capture_output=True, text=True, check=True
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
