"""The command line: one verb a stage of dvc.yaml, `python -m benchmark VERB PROFILE TASK ...`."""

import gc
import logging
import os
import re
import signal
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from benchmark.fields import Section
from benchmark.layout import ALL, Layout
from benchmark.sections import Run
from benchmark.settings import Parameters, read_parameters, select

app = typer.Typer(
    help="The stages of the UXLA benchmark suite; `dvc repro` runs them in order.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Profile = Annotated[str, typer.Argument(help="A profile of params.yaml: smoke, mini or paper.")]
Task = Annotated[str, typer.Argument(help="A task of the profile, such as xner.")]
Language = Annotated[str, typer.Argument(help="A language code of the task.")]


class Tasks(Section):
    """What the commands on whole profiles read of params.yaml."""

    run: Run


def _parameters() -> Parameters:
    return read_parameters(Path("params.yaml"))


def _run(verb: str, profile: str, *, of: str | None = None, tracked: bool = True, **arguments: Any) -> None:
    """Run the function of a stage, which is named as its module, with what it reads for the language `of`."""
    if tracked:
        from uxla.devices import keep_memory

        keep_memory()
    stage = import_module(f"benchmark.stages.{verb}")
    settings = select(stage.Settings, _parameters(), profile=profile, task=arguments.get("task"), language=of)
    if tracked:
        from benchmark.tracking import open_store

        arguments["store"] = open_store(Path())
    getattr(stage, verb)(settings, layout=Layout(profile), **arguments)


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
    objective: Annotated[
        Literal["cross_entropy", "confidence_penalty"], typer.Argument(help="Without or with the penalty.")
    ],
) -> None:
    """Train three models on the source's labels."""
    _run("warmup", profile, task=task, objective=objective)


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


@app.command()
def show(profile: Profile) -> None:
    """Print the tables as they were last written, and what to open next."""
    from benchmark.pages import sections
    from benchmark.rendering import show as show_page
    from benchmark.stages.aggregate import Settings, page

    parameters, layout = _parameters(), Layout(profile)
    tasks = select(Tasks, parameters, profile=profile).run.tasks
    for task in tasks:
        settings = select(Settings, parameters, profile=profile, task=task)
        show_page(partial(sections, page(settings, task=task, layout=layout)))
    names = ",".join(tasks)
    typer.echo(f"\nfiles: {layout.tables()}/{{{names}}}.{{md,csv,json,tex}}    runs: make ui")


@app.command()
def report(
    profile: Profile,
    mlflow: Annotated[str, typer.Option(help="Address of the MLflow interface, for links to runs.")] = (
        "http://127.0.0.1:5000"
    ),
    strict: Annotated[bool, typer.Option(help="Fail if a cell is missing, stale or mixed.")] = False,
) -> None:
    """Write all of a profile as one HTML page, and keep it in MLflow."""
    from benchmark.gathering import REPORT, gather
    from benchmark.report import as_html, path_of
    from benchmark.tracking import open_store
    from uxla.files import write_text

    store, path = open_store(Path()), path_of(profile)
    content = gather(_parameters(), profile=profile, store=store)
    write_text(path, as_html(content, mlflow=mlflow.rstrip("/")))
    with store.cell(profile=profile, task="all", system=REPORT, language="all", stage=REPORT) as run:
        run.log_file(path)
    for line in content.complaints:
        typer.echo(line, err=True)
    typer.echo(f"report: {path}")
    if strict and content.complaints:
        raise ValueError(f"{path}: not of one complete run, see the {len(content.complaints)} lines above")


@app.command()
def worlds(
    profile: Profile,
    seeds: Annotated[str, typer.Option(help="Seeds of the toy worlds, with commas between.")] = "1,2,3,4,5",
    jobs: Annotated[int, typer.Option(help="Worlds that run at a time: one a core or a GPU.", min=1)] = 1,
) -> None:
    """Run a profile in several toy worlds and record the ranges of its scores; goes on where it stopped.

    A world that is recorded with the parameters as they are is not run again: after a change of the
    code alone, remove the file of ranges. The world of params.yaml itself is that of `dvc repro`.
    """
    from benchmark.worlds import record_worlds

    if not re.fullmatch(r"\d+(,\d+)*", seeds):
        raise ValueError(f"--seeds must be numbers with commas between, was: {seeds}")
    parameters, wanted = _parameters(), sorted(set(map(int, seeds.split(","))))
    select(Tasks, parameters, profile=profile)
    typer.echo(record_worlds(parameters, profile=profile, seeds=wanted, jobs=jobs))


@app.command()
def check(
    profile: Profile,
    against: Annotated[str, typer.Option(help="The git revision whose results are the reference.")] = "HEAD",
) -> None:
    """Print what moved since a revision; fail if a score fell too far or left its recorded range."""
    from benchmark.ranges import check as complaints_of
    from benchmark.regression import as_table, moves, results_of
    from benchmark.worlds import read_world

    tasks = select(Tasks, _parameters(), profile=profile).run.tasks
    found, ranges = read_world(Path(), profile, tasks), Layout(profile).tables() / "ranges.json"
    moved = moves(results_of(against, profile=profile), found)
    typer.echo(as_table(moved) if moved else f"every result of {profile} is that of {against}")
    wrong = [f"{m.task} {m.system} in {m.language}: {m.what} fell too far" for m in moved if m.is_regression]
    if wrong := wrong + (complaints_of(found, ranges) if ranges.is_file() else []):
        raise ValueError("; ".join(wrong))
    typer.echo(f"nothing fell too far{', every score lies in its recorded range' * ranges.is_file()}")


def main() -> int:
    """Run a command; a user's mistake is one line on stderr and exit status 1."""
    _settle()
    try:
        # Typer hands back the status of an early exit instead of raising it: 130 after Ctrl-C.
        return int(app(standalone_mode=False) or 0)
    except (ValueError, OSError, typer.Abort) as error:
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
    # Imports make objects by the hundred thousand: looking for garbage among them is a sixth of a start.
    gc.set_threshold(100_000)
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
