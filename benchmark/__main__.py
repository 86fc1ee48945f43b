"""The command line: one verb a stage of dvc.yaml, `python -m benchmark VERB PROFILE TASK ...`."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.commands import Profile, bench, check, parameters, register, rehearse, report, show, worlds
from benchmark.fields import Objective
from benchmark.layout import ALL, Layout
from benchmark.settings import select
from benchmark.tracking.failure import TrackingError
from uxla.allocation import keep_memory

app = typer.Typer(
    help="The stages of the UXLA benchmark suite; `dvc repro` runs them in order.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Task = Annotated[str, typer.Argument(help="A task of the profile, such as xner.")]
Language = Annotated[str, typer.Argument(help="A language code of the task.")]


def _run(
    verb: str,
    profile: str,
    *,
    of: str | None = None,
    rival: str | None = None,
    tracked: bool = True,
    **arguments: Any,
) -> None:
    """Run the function of a stage, which is named as its module, with what it reads for `of`, a language."""
    with _without_collection():
        stage = import_module(f"benchmark.stages.{verb}")
        if tracked:
            from benchmark.tracking import open_store

            keep_memory()
            arguments["store"] = open_store(Path())
    task = arguments.get("task")
    settings = select(stage.Settings, parameters(), profile=profile, task=task, language=of, rival=rival)
    getattr(stage, verb)(settings, layout=Layout(profile), **arguments)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Imports make objects by the hundred thousand: looking for garbage among them is a sixth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@app.command()
def prepare(profile: Profile, task: Task) -> None:
    """Fetch or generate the data of a task."""
    _run("prepare", profile, task=task)


@app.command()
def pretrain(profile: Profile) -> None:
    """Train the masked LM of a profile, or fetch the public one."""
    _run("pretrain", profile)


@app.command()
def warmup(
    profile: Profile,
    task: Task,
    objective: Annotated[Objective, typer.Argument(help="Without or with the penalty.")],
    encoder: Annotated[str | None, typer.Option(help="A rival to build them on.")] = None,
) -> None:
    """Train three models on the source's labels."""
    _run("warmup", profile, task=task, objective=objective, encoder=encoder)


@app.command()
def rival(profile: Profile, task: Task, name: Annotated[str, typer.Argument(help="Such as mbert.")]) -> None:
    """Train or fetch a further encoder for the baselines of Tables 1 and 7."""
    _run("rival", profile, rival=name, task=task, name=name)


@app.command()
def tag(profile: Profile, task: Task, language: Language) -> None:
    """Train three LSTM-CRF on the labels of a language."""
    _run("tag", profile, of=language, task=task, language=language)


@app.command()
def contrast(profile: Profile, task: Task) -> None:
    """Score the further baselines of a task on all test splits."""
    _run("contrast", profile, task=task)


@app.command()
def supervise(profile: Profile, task: Task, language: Language) -> None:
    """Train three models on a target's own labels, or on those of `all` languages: the upper bound."""
    _run("supervise", profile, of=None if language == ALL else language, task=task, language=language)


@app.command()
def generate(profile: Profile, task: Task, language: Language) -> None:
    """Generate the vicinal sentences of a language."""
    _run("generate", profile, of=language, task=task, language=language)


@app.command()
def adapt(profile: Profile, task: Task, target: Language) -> None:
    """Adapt the models to a target by Algorithm 1."""
    _run("adapt", profile, of=target, task=task, target=target)


@app.command()
def evaluate(profile: Profile, task: Task, language: Language) -> None:
    """Score every system on the test split of a language."""
    _run("evaluate", profile, of=language, task=task, language=language)


@app.command()
def ablate(profile: Profile, task: Task, target: Language) -> None:
    """Run the first epoch of Algorithm 1 for a target in the settings of Table 5."""
    _run("ablate", profile, of=target, task=task, target=target)


@app.command()
def analyse(profile: Profile, task: Task, target: Language) -> None:
    """Score what was adapted to a target in other settings, languages and epochs."""
    _run("analyse", profile, of=target, task=task, target=target)


@app.command()
def summarise(profile: Profile, task: Task) -> None:
    """Write the page and the figures of the analyses of a task."""
    _run("summarise", profile, tracked=False, task=task)


@app.command()
def aggregate(
    profile: Profile,
    task: Task,
    strict: Annotated[bool, typer.Option(help="Fail if a cell of the table is missing.")] = False,
) -> None:
    """Write and print the table of a task."""
    _run("aggregate", profile, tracked=False, task=task, strict=strict)


for command in (show, report, register, worlds, check, rehearse, bench):
    app.command()(command)


def main() -> int:
    """Run a command; a user's mistake is one line on stderr and exit status 1."""
    _settle()
    try:
        # Typer hands back the status of an early exit instead of raising it: 130 after Ctrl-C.
        return int(app(standalone_mode=False) or 0)
    except (ValueError, OSError, TrackingError, typer.Abort) as error:
        if os.environ.get("UXLA_TRACEBACK"):
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except Exception as error:
        # Click's own usage errors format themselves; anything else is a defect and shows its trace.
        if not hasattr(error, "format_message"):
            raise
        if message := error.format_message():  # without a command, this prints the help instead
            print(f"error: {message}", file=sys.stderr)
        return 2


def _settle() -> None:
    """Quiet libraries, and an end by SIGTERM that closes what is open."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    logging.getLogger("httpx").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
