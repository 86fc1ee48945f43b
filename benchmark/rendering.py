"""A table written as Markdown, LaTeX, CSV and JSON, or shown on a terminal."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from benchmark.markup import LATEX, MARKDOWN, TERMINAL, Markup
from benchmark.results import System
from benchmark.statistics import CONFIDENCE_LEVEL, Spread
from benchmark.tables import AVERAGE, ROWS, Row, Table, records
from benchmark.variants import title_of
from uxla.files import write_text

METRICS = {"f1": "span F1", "accuracy": "accuracy"}
DASH = "–"
COLLAPSED = "†"
TEXT_COLUMNS = ("system", "selected on", "target", "labelled")


@dataclass(frozen=True)
class Section:
    """One of the tables on the page: marked-up text, with a rule before the row `rule_before`."""

    name: str
    caption: str
    cells: pd.DataFrame
    legend: str
    rule_before: int | None = None


def write_tables(table: Table, folder: Path) -> None:
    """Write `<task>.md`, `.tex`, `.csv` and `.json`; equal results give equal bytes."""
    for suffix, render in {"md": markdown, "tex": latex, "csv": csv, "json": as_json}.items():
        write_text(folder / f"{table.first.task}.{suffix}", render(table))


def show(table: Table, console: Console | None = None) -> None:
    """Print the table; as Markdown where the output is no terminal."""
    console = console or Console()
    if not console.is_terminal:
        console.print(markdown(table), end="", markup=False, highlight=False, emoji=False, soft_wrap=True)
        return
    for section in sections(table, TERMINAL):
        grid = RichTable(box=box.SIMPLE_HEAD, title=section.caption, title_justify="left", title_style="bold")
        for position, column in enumerate(section.cells.columns):
            grid.add_column(
                column, justify="left" if column in TEXT_COLUMNS else "right", no_wrap=position > 0
            )
        for number, values in enumerate(section.cells.itertuples(index=False)):
            if number == section.rule_before:
                grid.add_section()
            grid.add_row(*values)
        console.print(grid)
        console.print(section.legend, style="dim", highlight=False)
        console.print()


def markdown(table: Table) -> str:
    """The page as Markdown."""
    parts = []
    for section in sections(table, MARKDOWN):
        aligned = ["left" if column in TEXT_COLUMNS else "right" for column in section.cells.columns]
        grid = section.cells.to_markdown(index=False, colalign=aligned, disable_numparse=True)
        parts.append(f"**{section.caption}**\n\n{grid}\n\n{section.legend}\n")
    return "\n".join(parts)


def latex(table: Table) -> str:
    """The page as LaTeX floats; needs the packages booktabs and adjustbox."""
    first, parts = table.first, []
    for section in sections(table, LATEX):
        cells = section.cells.rename(columns=LATEX.escape)
        if section.rule_before is not None:
            cells.iloc[section.rule_before, 0] = "\\midrule\n" + cells.iloc[section.rule_before, 0]
        parts.append(
            cells.style.hide(axis="index").to_latex(
                hrules=True,
                environment="table*",
                position="t",
                position_float="centering",
                column_format="".join("l" if c in TEXT_COLUMNS else "r" for c in section.cells.columns),
                caption=f"{section.caption}. {section.legend}",
                label="tab:" + re.sub(r"\W|_", "-", f"{first.task}-{first.profile}-{section.name}"),
            )
        )
    # Six languages with their spread are wider than a page: shrink to it, but never enlarge.
    page = "% needs \\usepackage{booktabs,adjustbox}\n" + "\n".join(parts)
    page = page.replace(r"\begin{tabular}", "\\begin{adjustbox}{max width=\\textwidth}\n\\begin{tabular}")
    return page.replace(r"\end{tabular}", "\\end{tabular}\n\\end{adjustbox}")


def csv(table: Table) -> str:
    """All numbers, one line a system and language; a missing run has empty fields."""
    # Of dtype object, so that a gap neither turns a column of counts into floats nor prints as nan.
    return str(pd.DataFrame(records(table)["cells"], dtype=object).to_csv(index=False, lineterminator="\n"))


def as_json(table: Table) -> str:
    """All numbers as lists of records: cells, averages, differences and pseudo labels."""
    return json.dumps(records(table), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def sections(table: Table, style: Markup) -> list[Section]:
    """The parts of the page in a format's markup: scores, then differences and pseudo labels."""
    parts = [_scores(table, style), _differences(table, style)]
    return [*parts, _labellings(table, style)] if table.labellings else parts


def _scores(table: Table, style: Markup) -> Section:
    first, columns = table.first, (*table.languages, *table.absent, AVERAGE)
    best = {column: _best(table, column) for column in columns}
    grid = [
        [
            style.escape(table.label(row)),
            *(
                _score(table.cell(row, column), best[column], row, style)
                + COLLAPSED * bool(table.collapsed(row, column))
                for column in columns
            ),
            style.escape(table.selected_on(row.system) or DASH),
        ]
        for row in ROWS
    ]
    sizes = {language: r.n_examples for (_, language), r in table.results.items()}
    n_models = len(first.models)
    legend = (
        f"Percent; mean ± sample standard deviation over {n_models} models, an ensemble averages their "
        f"probabilities. Bold: best zero-resource score of a column. Average: over the targets "
        f"{', '.join(table.targets)}. Selected on: the dev set that chose the checkpoints. {DASH}: no run; "
        "UXLA adapts to targets only. "
        f"Test examples: {', '.join(f'{name} {sizes[name]:,}' for name in table.languages if name in sizes)}."
        f"{_collapses(table)}{''.join(f' {name}: {why}.' for name, why in table.absent.items())}"
    )
    caption = f"{title_of(first.task)}, profile {first.profile}: {METRICS[first.metric]} on the test sets"
    cells = pd.DataFrame(grid, columns=["system", *columns, "selected on"])
    upper_bound = ROWS.index(Row(System.SUPERVISED, is_ensemble=False))
    return Section("scores", style.escape(caption), cells, style.escape(legend), rule_before=upper_bound)


def _collapses(table: Table) -> str:
    """Which models give every example the same class, as a sentence; nothing where none does."""
    cells = [
        f"{table.label(row)} in {language}, {n} of {len(table.results[row.system, language].models)} models"
        for row in ROWS
        for language in table.languages
        if (n := table.collapsed(row, language))
    ]
    return f" {COLLAPSED}: collapsed to a single class ({'; '.join(cells)})." if cells else ""


def _best(table: Table, column: str) -> str | None:
    zero_resource = [table.cell(row, column) for row in ROWS if row.system is not System.SUPERVISED]
    means = [cell.mean for cell in zero_resource if cell]
    return f"{max(means):.2f}" if means else None


def _score(cell: Spread | None, best: str | None, row: Row, style: Markup) -> str:
    if cell is None:
        return style.escape(DASH)
    mean = f"{cell.mean:.2f}"
    if mean == best and row.system is not System.SUPERVISED:
        mean = style.bold.format(mean)
    return mean if cell.std is None else style.spread.format(mean, f"{cell.std:.2f}")


def _differences(table: Table, style: Markup) -> Section:
    against = table.label(Row(System.CONFIDENCE_PENALTY, is_ensemble=False))
    grid = [
        [
            d.target,
            _signed(d.difference),
            DASH if d.low is None else f"[{_signed(d.low)}, {_signed(d.high)}]",
            _probability(d.p_value),
            DASH if d.p_value is None else _probability(d.p_holm),
        ]
        for d in table.differences
    ]
    level = f"{100 * CONFIDENCE_LEVEL:g} %"
    legend = (
        f"Points, in means over the models; {level} interval of the paired percentile bootstrap over test "
        f"examples, not corrected; p: two-sided approximate randomisation, swapping whole examples; "
        f"Holm: corrected over the {len(table.targets)} targets."
    )
    columns = ["target", "difference", f"{level} interval", "p", "p (Holm)"]
    return _plain("differences", f"UXLA minus {against}", pd.DataFrame(grid, columns=columns), legend, style)


def _labellings(table: Table, style: Markup) -> Section:
    grid = [
        [
            entry.target,
            str(entry.epoch),
            entry.origin,
            f"{entry.n:,.0f}",
            f"{100 * entry.share_kept:.1f}",
            f"{100 * entry.agreement:.1f}",
            DASH if entry.accuracy is None else f"{entry.accuracy:.1f}",
        ]
        for entry in table.labellings
    ]
    legend = (
        "Percent, in means over the lessons of an epoch. n, kept: the examples a student learns from, and "
        "their share of the corpus. Agreement: share of the examples selected by both peers "
        "that they label alike. "
        f"Accuracy: of the labels kept; {DASH}: no gold."
    )
    columns = ["target", "epoch", "labelled", "n", "kept", "agreement", "accuracy"]
    return _plain(
        "pseudo-labels", "Pseudo labels of UXLA", pd.DataFrame(grid, columns=columns), legend, style
    )


def _plain(name: str, caption: str, cells: pd.DataFrame, legend: str, style: Markup) -> Section:
    return Section(name, style.escape(caption), cells.map(style.escape), style.escape(legend))


def _signed(value: float | None) -> str:
    return DASH if value is None else f"{value:+.2f}".replace("-", "−")


def _probability(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
