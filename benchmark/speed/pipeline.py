"""How long DVC takes to find that there is nothing to do, on the stages of the paper profile."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch

from benchmark.speed.alternating import seconds
from benchmark.speed.outcome import Finding
from benchmark.speed.workload import Workload
from uxla.files import write_text

PAPER = "pipelines/paper/dvc.yaml"
COMMANDS = {
    "repro": (("repro", PAPER), (PAPER,)),
    "status of one": (("status", PAPER), (PAPER,)),
    "status": (("status",), ("dvc.yaml", "pipelines/mini/dvc.yaml", PAPER)),
}
"""What is timed, and the pipelines that it goes through."""

NOTHING = "up to date"


def nothing_to_do(work: Workload, *, command: str, target: float) -> Finding:
    """Seconds of a DVC command in a clone all of whose stages are recorded as done.

    The outputs are small stand-ins; DVC reads large ones no more than these once it has seen them.

    Raises:
        ValueError: a command of DVC fails, or finds something to do.
    """
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _run(["git", "clone", "--quiet", ".", str(clone)], Path())
        arguments, pipelines = COMMANDS[command]
        n_outputs = _record(clone, pipelines)
        output: list[str] = []
        times = [
            seconds(lambda: output.append(_dvc(clone, *arguments)), torch.device("cpu"))
            for _ in range(work.scale.pairs + 1)
        ]
    if busy := [text for text in output if NOTHING not in text]:
        raise ValueError(f"dvc {command} must find nothing to do, was: {busy[0][:300]}")
    return Finding(
        what=f"dvc {' '.join(arguments)} with nothing to do",
        against="",
        unit="seconds",
        target=target,
        at_most=True,
        value=median(times[1:]),
        low=min(times[1:]),
        high=max(times[1:]),
        equality=f"DVC says that everything is {NOTHING}",
        details={"outputs": n_outputs},
    )


def _record(clone: Path, pipelines: Sequence[str]) -> int:
    """Put something in the place of every output of every stage, and have DVC take it for the real one."""
    from dvc.repo import Repo

    with Repo(str(clone)) as repo:
        index = repo.index
        outputs = [Path(output.fs_path) for output in index.outs]
        # Some stages read a file of a folder that another one writes.
        read = [Path(dep.fs_path) for dep in index.deps]
    for path in dict.fromkeys([*read, *outputs]):
        if not path.exists():
            write_text(path if path.suffix else path / "stand-in.txt", f"in the place of {path.name}\n")
    _dvc(clone, "commit", "--force", *pipelines)
    return len(outputs)


def _dvc(clone: Path, *arguments: str) -> str:
    return _run([sys.executable, "-m", "dvc", *arguments], clone)


def _run(command: Sequence[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")}
    # The code of a stage is not run; where it is imported, it is that of the clone.
    environment |= {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout + done.stderr
