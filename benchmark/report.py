"""All of a profile as one HTML page that needs nothing else: tables, figures, cost, data, environment."""

import base64
import html
import importlib.metadata
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader

from benchmark.analysis_pages import Study, study_sections
from benchmark.costs import cost_figure
from benchmark.figures import Figure
from benchmark.markup import HTML
from benchmark.pages import Section, sections
from benchmark.rendering import TEXT_COLUMNS
from benchmark.tables import Row, Table
from benchmark.tracking.overview import CellRun
from benchmark.variants import title_of

PACKAGES = ("torch", "transformers", "datasets", "scikit-learn", "seqeval", "mlflow", "dvc")
Runs = Mapping[tuple[str, str, str], CellRun]
"""The current run of every cell, by task, system and language."""


@dataclass(frozen=True)
class Content:
    """What there is of a profile, by task: tables, and where analysed, studies and figures."""

    profile: str
    tables: Mapping[str, Table]
    studies: Mapping[str, Study]
    figures: Mapping[str, Sequence[Figure]]
    manifests: Mapping[str, Mapping[str, Mapping[str, Mapping[str, object]]]]
    runs: Sequence[CellRun]
    complaints: Sequence[str]


@dataclass(frozen=True)
class Column:
    """The head of a column."""

    name: str
    is_text: bool


@dataclass(frozen=True)
class Cell:
    """A cell, marked up; where it has a run, that is linked, and it says which score it is."""

    html: str
    is_text: bool
    href: str | None = None
    task: str | None = None
    system: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Grid:
    """A table with its caption and legend."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    legend: str
    rule_before: int | None = None


def path_of(profile: str) -> Path:
    """Where the page of a profile goes; not in git, for it names runs of this very store."""
    return Path("report") / f"{profile}.html"


def as_html(content: Content, *, mlflow: str) -> str:
    """The page; `mlflow` is the address of the interface that links to runs lead to."""
    folder = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True)
    runs = {(run.task, run.system, run.language): run for run in content.runs}
    commits = {commit[:12] for run in content.runs for commit in run.commits.values()}
    about = (
        f"Commit {', '.join(sorted(commits)) or 'unknown'}; a score leads to its run in MLflow at {mlflow}."
    )
    return environment.get_template("report.html.j2").render(
        profile=content.profile,
        about=about,
        complaints=content.complaints,
        pages=[_page(content, task, runs, mlflow) for task in content.tables],
        cost=_cost(content.runs, mlflow),
        cost_figures=_embedded([figure] if (figure := cost_figure(content.runs)) else []),
        data=_data(content.manifests),
        environment=_environment(),
    )


def _page(content: Content, task: str, runs: Runs, mlflow: str) -> dict[str, object]:
    table = content.tables[task]
    grids = [_grid(part, _linking(table, part, runs, mlflow)) for part in sections(table, HTML)]
    if task in content.studies:
        parts = study_sections(content.studies[task], HTML)
        grids += [_grid(part, _linking(table, part, runs, mlflow)) for part in parts]
    figures = _embedded(content.figures.get(task, ()))
    return {"name": task, "title": title_of(task), "tables": grids, "figures": figures}


def _embedded(figures: Sequence[Figure]) -> list[dict[str, str]]:
    return [
        {"caption": figure.caption, "base64": base64.b64encode(figure.svg.encode()).decode()}
        for figure in figures
    ]


class Traced(NamedTuple):
    """Whose run a score is in, and which score it is: the adapted models also speak of other languages."""

    system: str
    language: str
    score_of: str
    tested_on: str


def _traced(part: str, row: int, first: str, column: str, rows: Sequence[Row]) -> Traced | None:
    """Where the score in a row of a part has its run, by the row's number and first cell."""
    if part == "scores":
        system = f"{rows[row].system}{' ensemble' * rows[row].is_ensemble}"
        return Traced(system, column, system, column)
    if part == "distillation":
        return Traced(f"ablation {first}", column, f"ablation {first}", column)
    if part == "transfer":
        target = column.removeprefix("to ")
        return Traced("uxla", target, f"transfer {target}", first)
    return None


def _linking(table: Table, part: Section, runs: Runs, mlflow: str) -> Callable[[int, str, str, str], Cell]:
    task = table.first.task

    def cell(row: int, first: str, column: str, text: str) -> Cell:
        is_text = column in TEXT_COLUMNS
        traced = None if is_text else _traced(part.name, row, first, column, table.rows)
        run = runs.get((task, traced.system, traced.language)) if traced else None
        if run is None or traced is None:
            return Cell(text, is_text)
        return Cell(text, is_text, _href(run, mlflow), task, traced.score_of, traced.tested_on)

    return cell


def _grid(part: Section, cell: Callable[[int, str, str, str], Cell]) -> Grid:
    names = list(part.cells.columns)
    rows = [
        [cell(number, values[0], name, text) for name, text in zip(names, values, strict=True)]
        for number, values in enumerate(part.cells.to_numpy().tolist())
    ]
    columns = [Column(name, name in TEXT_COLUMNS) for name in names]
    caption, legend = html.unescape(part.caption), html.unescape(part.legend)
    return Grid(caption, columns, rows, legend, part.rule_before)


def _href(run: CellRun, mlflow: str) -> str:
    return f"{mlflow}/#/experiments/{run.experiment}/runs/{run.run_id}"


def _cost(runs: Sequence[CellRun], mlflow: str) -> Grid:
    """Seconds of every stage of every run, longest first."""
    rows = []
    for run in sorted(runs, key=lambda run: -sum(run.seconds.values())):
        stages = ", ".join(f"{stage} {seconds:,.1f}" for stage, seconds in run.seconds.items())
        name = [Cell(html.escape(text), is_text=True) for text in (run.task, run.system, run.language)]
        name[1] = Cell(name[1].html, is_text=True, href=_href(run, mlflow))
        total = Cell(f"{sum(run.seconds.values()):,.1f}", is_text=False)
        rows.append([*name, total, Cell(html.escape(stages), is_text=True)])
    whole = sum(sum(run.seconds.values()) for run in runs)
    columns = [
        Column(name, name != "seconds") for name in ("task", "system", "language", "seconds", "stages")
    ]
    legend = (
        f"Wall-clock seconds by stage, {whole / 3600:.2f} hours in all; stages may have run side by side."
    )
    return Grid("Runs, the longest first", columns, rows, legend)


def _data(manifests: Mapping[str, Mapping[str, Mapping[str, Mapping[str, object]]]]) -> Grid:
    """Every split that was read, with its version."""
    rows = [
        [
            *(Cell(html.escape(text), is_text=True) for text in (task, language, split)),
            Cell(f"{entry['sentences']:,}", is_text=False),
            Cell(html.escape(str(entry["revision"])), is_text=True),
            Cell(f"<code>{html.escape(str(entry['sha256'])[:12])}</code>", is_text=True),
        ]
        for task, languages in manifests.items()
        for language, splits in languages.items()
        for split, entry in splits.items()
    ]
    names = ("task", "language", "split", "examples", "version", "sha256")
    columns = [Column(name, name != "examples") for name in names]
    return Grid("What was read", columns, rows, "Digests are of the content, whatever the file format.")


def _environment() -> Grid:
    entries = {"Python": platform.python_version(), "platform": platform.platform()}
    entries |= {name: importlib.metadata.version(name) for name in PACKAGES}
    rows = [[Cell(html.escape(text), is_text=True) for text in entry] for entry in entries.items()]
    columns = [Column("what", is_text=True), Column("version", is_text=True)]
    return Grid("Where this page was written", columns, rows, "")
