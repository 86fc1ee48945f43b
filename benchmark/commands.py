"""Commands on whole profiles: `show`, `report`, `register`, `worlds`, `check` and `rehearse`; and `bench`."""

import re
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmark.fan_out import Run
from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.settings import Parameters, read_parameters, select
from uxla.allocation import keep_memory

Profile = Annotated[str, typer.Argument(help="A profile of params.yaml: smoke, mini or paper.")]


class Tasks(Section):
    """What the commands on whole profiles read of params.yaml."""

    run: Run


def parameters() -> Parameters:
    """The params.yaml of the working directory."""
    return read_parameters(Path("params.yaml"))


def show(profile: Profile) -> None:
    """Print the tables as they were last written, and what to open next."""
    from benchmark.pages import sections
    from benchmark.rendering import show as show_page
    from benchmark.stages.aggregate import Settings, page

    whole, layout = parameters(), Layout(profile)
    tasks = select(Tasks, whole, profile=profile).run.tasks
    for task in tasks:
        settings = select(Settings, whole, profile=profile, task=task)
        show_page(partial(sections, page(settings, task=task, layout=layout)))
    names = ",".join(tasks)
    typer.echo(f"\nfiles: {layout.tables()}/{{{names}}}.{{md,csv,json,tex}}    runs: make ui")


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

    store, path, layout = open_store(Path()), path_of(profile), Layout(profile)
    content = gather(parameters(), profile=profile, store=store)
    write_text(path, as_html(content, mlflow=mlflow.rstrip("/")))
    with store.cell(
        profile=profile, task="all", system=REPORT, language="all", stage=REPORT, resume=True
    ) as run:
        run.log_file(path)
        for table in [*layout.tables().glob("*.md"), *layout.tables().glob("*.csv")]:
            run.log_file(table, "tables")
        for task in content.figures:
            run.log_folder(layout.figures(task), f"figures/{task}")
    for line in content.complaints:
        typer.echo(line, err=True)
    typer.echo(f"report: {path}")
    if strict and content.complaints:
        raise ValueError(f"{path}: not of one complete run, see the {len(content.complaints)} lines above")


def register(profile: Profile) -> None:
    """Put the best adapted model of every target, with a card, into MLflow's registry."""
    from benchmark.cards import best_model, card, name_of
    from benchmark.results import System, read_cells
    from benchmark.statistics import spread
    from benchmark.tracking import open_store
    from benchmark.tracking.registry import register as into_registry

    whole, store = parameters(), open_store(Path())
    keeps = whole.profiles[profile].tracking["weights"]
    for task in select(Tasks, whole, profile=profile).run.tasks:
        section = whole.profiles[profile].tasks[task]
        for result in read_cells(Layout(profile).cells(task, section.source).parent):
            if result.system is not System.UXLA:
                continue
            text = card(
                result,
                encoder=whole.profiles[profile].display_name,
                source=section.source,
                data=section.data,
                folder=None if keeps else Layout(profile).adapted(task, result.language),
            )
            model = f"uxla {result.language} {best_model(result).seed}"
            version = into_registry(
                store,
                profile=profile,
                task=task,
                model=model,
                scores=(f"test/{result.metric}", spread(result.scores).mean),
                name=name_of(result),
                card=text,
            )
            found = f"version {version}" if version else "MLflow has no model with the score of the table"
            typer.echo(f"{name_of(result)}: {found}")


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
    whole, wanted = parameters(), sorted(set(map(int, seeds.split(","))))
    select(Tasks, whole, profile=profile)
    typer.echo(record_worlds(whole, profile=profile, seeds=wanted, jobs=jobs))


def check(
    profile: Profile,
    against: Annotated[
        str | None, typer.Option(help="A git revision: fail also if a score fell too far since its results.")
    ] = None,
) -> None:
    """Print what moved since a revision, else the last commit; fail if a score left its recorded range."""
    from benchmark.ranges import check as complaints_of
    from benchmark.regression import as_table, moves, results_of
    from benchmark.worlds import read_world

    tasks = select(Tasks, parameters(), profile=profile).run.tasks
    found, ranges = read_world(Path(), profile, tasks), Layout(profile).tables() / "ranges.json"
    reference = against or "HEAD"
    moved = moves(results_of(reference, profile=profile), found)
    typer.echo(as_table(moved) if moved else f"every result of {profile} is that of {reference}")
    wrong = complaints_of(found, ranges) if ranges.is_file() else []
    if against is not None:
        fallen = [move for move in moved if move.is_regression]
        wrong += [f"{m.task} {m.system} in {m.language}: {m.what} fell too far" for m in fallen]
    if wrong:
        raise ValueError("; ".join(wrong))
    good = ["nothing fell too far"] * bool(against) + [
        "every score lies in its recorded range"
    ] * ranges.is_file()
    typer.echo("; ".join(good) or f"no ranges are recorded of {profile}")


def rehearse(
    profile: Profile,
    into: Annotated[Path, typer.Option(help="A new folder, or that of an earlier rehearsal, which goes on.")],
    stages: Annotated[
        list[str] | None, typer.Argument(help="Stages such as aggregate@xner, with all they need; else all.")
    ] = None,
) -> None:
    """Run a profile from fetch to report with few steps and examples, in a clone of what is committed."""
    from benchmark.rehearsal import make_clone, run_clone

    select(Tasks, parameters(), profile=profile)
    for task, absent in make_clone(profile, folder=into).items():
        for language, reason in absent.items():
            typer.echo(f"{task} {language}: a dash; {reason}")
    run_clone(profile, folder=into, stages=stages or ())


def bench(
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    lines: Annotated[str, typer.Option(help="Names with commas between, or all.")] = "all",
    scale: Annotated[str, typer.Option(help="tiny, for a try, or full.")] = "full",
    into: Annotated[Path, typer.Option(help="Folder of the outcomes: a file for each device.")] = (
        Path("results/bench")
    ),
    page: Annotated[
        Path | None, typer.Option(help="The page; by itself docs/speed.md, of a try tiny.md beside its file.")
    ] = None,
) -> None:
    """Measure how fast the library is beside its peers; lines measured before stay in the file."""
    from benchmark.speed.lines import chosen, run
    from benchmark.speed.outcome import Outcome, read_outcomes
    from benchmark.speed.page import shown, verdict, write_page

    keep_memory()
    is_try = scale == "tiny"
    paths = {name: into / f"{name}{'-tiny' if is_try else ''}.json" for name in ("cpu", "cuda")}
    shown_at = page or (into / "tiny.md" if is_try else Path("docs/speed.md"))

    def report(outcome: Outcome) -> None:
        typer.echo(f"{outcome.line}: {shown(outcome.finding)}; target {verdict(outcome.finding)}")
        found = {name: list(read_outcomes(path).values()) for name, path in paths.items()}
        write_page({name: outcomes for name, outcomes in found.items() if outcomes}, shown_at)

    run(chosen(lines), scale=scale, device=device, path=paths.get(device, into), report=report)
    typer.echo(f"page: {shown_at}")
