"""Whether tables, runs and pipeline tell of the same experiment: what is missing, stale or mixed."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from benchmark.results import Result
from benchmark.statistics import spread
from benchmark.tracking.overview import CellRun

Address = tuple[str, str, str]
"""Task, system and language of a cell."""

TOLERANCE = 1e-4
"""In percent: files keep six decimals."""


def complaints(
    results: Iterable[Result],
    runs: Sequence[CellRun],
    *,
    missing: Iterable[str],
    changed: Iterable[str],
    root: Path,
) -> list[str]:
    """What is wrong with the report of a profile, a line each.

    Args:
        results: of all cells of all tables.
        runs: the current runs of the store.
        missing: cells without a result, in words.
        changed: stages whose code, data or parameters have changed since they ran.
        root: of the checkout, whose history says in what commits differ.
    """
    by_address = {(run.task, run.system, run.language): run for run in runs}
    found = [f"missing: {cell}" for cell in missing]
    if stale := ", ".join(changed):
        found.append(f"stale: code, data or parameters have changed since these ran: {stale}; run dvc repro")
    return found + _other_scores(results, by_address) + _mixed(runs, root)


def _other_scores(results: Iterable[Result], runs: Mapping[Address, CellRun]) -> list[str]:
    """Scores of cells that are not those of their runs; those without a run in one line a task."""
    untraced, found = defaultdict[str, list[str]](list), list[str]()
    for result, system, score in chain.from_iterable(map(_scores, results)):
        name = f"{result.task} {system} in {result.language}"
        run = runs.get((result.task, system, result.language))
        tracked = run.metrics.get(f"test/{result.metric}") if run else None
        if run is None or tracked is None:
            untraced[result.task].append(f"{system} in {result.language}")
        elif abs(tracked - score) > TOLERANCE:
            found.append(f"mixed: {name} is {score:.2f} in the table, {tracked:.2f} in its run {run.run_id}")
        elif run.status != "FINISHED":
            found.append(f"unfinished: the run of {name} is {run.status}")
    remedy = "run dvc repro -f -s on the evaluate stages"
    lines = [
        f"untraced: no run in MLflow of {task} {', '.join(names)}; {remedy}"
        for task, names in untraced.items()
    ]
    return lines + found


def _scores(result: Result) -> Iterator[tuple[Result, str, float]]:
    """The systems of a cell with their scores: the mean of the models, and the ensemble."""
    yield result, str(result.system), spread(result.scores).mean
    if result.ensemble is not None:
        yield result, f"{result.system} ensemble", result.ensemble.score


def _mixed(runs: Sequence[CellRun], root: Path) -> list[str]:
    """Stages whose runs are of commits between which their code differs, or of uncommitted code."""
    commits: dict[str, set[str]] = {}
    for run in runs:
        for stage, commit in run.commits.items():
            commits.setdefault(stage, set()).add(commit)
    dirty = sorted({stage for run in runs for stage in run.dirty})
    found = [f"mixed: a run of {stage} is of code that was not committed" for stage in dirty]
    for stage, of_stage in sorted(commits.items()):
        first, *others = sorted(of_stage)
        for other in others:
            command = ["git", "-C", str(root), "diff", "--quiet", first, other, "--", *code_of(root, stage)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                found.append(f"mixed: runs of {stage} are of {first[:8]} and {other[:8]}, whose code differs")
    return found


def code_of(root: Path, stage: str) -> list[str]:
    """The files of code to which the folder leads that dvc.yaml lists for a verb such as `adapt`."""
    folder = root / "pipelines/code" / stage
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def changed_stages(root: Path, pipeline: str) -> list[str]:
    """The stages of a pipeline that `dvc status` finds changed.

    Raises:
        ValueError: DVC does not answer.
    """
    command = ["dvc", "status", "--json", pipeline]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1:]
        raise ValueError(f"{' '.join(command)} failed: {' '.join(reason)}") from None
    status: Mapping[str, Any] = json.loads(done.stdout or "{}")
    return sorted(name.rpartition(":")[2] for name, state in status.items() if state)
