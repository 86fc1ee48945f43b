"""A page of tables written as Markdown, LaTeX, CSV and JSON, or shown on a terminal."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from benchmark.markup import LATEX, MARKDOWN, TERMINAL, Markup
from benchmark.pages import Section, sections
from benchmark.published import compare, counterparts
from benchmark.records import records
from benchmark.results import rounded
from benchmark.tables import Table
from uxla.files import write_text

TEXT_COLUMNS = {
    *("system", "selected on", "target", "labelled", "hyperparameter", "warm-up", "adaptation"),
    *("setting", "distillation", "language", "epoch chosen on"),
}
Page = Callable[[Markup], Sequence[Section]]
"""The sections of a page in a format's markup."""


def write_tables(table: Table, folder: Path) -> None:
    """Write `<task>.md`, `.tex`, `.csv`, `.json`, `metrics/<task>.json`; equal results give equal bytes."""
    label = f"{table.first.task}-{table.first.profile}"
    pages = {
        "md": markdown(sections(table, MARKDOWN)),
        "tex": latex(sections(table, LATEX), label=label),
        "csv": csv(table),
        "json": as_json(table),
    }
    for suffix, page in pages.items():
        write_text(folder / f"{table.first.task}.{suffix}", page)
    write_text(folder / f"metrics/{table.first.task}.json", metrics(table))


def show(page: Page, console: Console | None = None) -> None:
    """Print a page; as Markdown where the output is no terminal."""
    console = console or Console()
    if not console.is_terminal:
        text = markdown(page(MARKDOWN))
        console.print(text, end="", markup=False, highlight=False, emoji=False, soft_wrap=True)
        return
    for section in page(TERMINAL):
        grid = RichTable(box=box.SIMPLE_HEAD, title=section.caption, title_justify="left", title_style="bold")
        for position, column in enumerate(section.cells.columns):
            # In one line, the longest heads would push other columns out of 100 characters.
            head = column.replace(", ", ",\n").replace(" (", "\n(")
            grid.add_column(head, justify="left" if column in TEXT_COLUMNS else "right", no_wrap=position > 0)
        for number, values in enumerate(section.cells.itertuples(index=False)):
            if number == section.rule_before:
                grid.add_section()
            grid.add_row(*values)
        console.print(grid)
        console.print(section.legend, style="dim", highlight=False)
        console.print()


def markdown(page: Sequence[Section]) -> str:
    """A page as Markdown."""
    parts = []
    for section in page:
        aligned = ["left" if column in TEXT_COLUMNS else "right" for column in section.cells.columns]
        grid = section.cells.to_markdown(index=False, colalign=aligned, disable_numparse=True)
        parts.append(f"**{section.caption}**\n\n{grid}\n\n{section.legend}\n")
    return "\n".join(parts)


def latex(page: Sequence[Section], *, label: str) -> str:
    """A page as LaTeX floats, labelled `tab:<label>-<section>`; needs the packages booktabs and adjustbox."""
    parts = []
    for section in page:
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
                label="tab:" + re.sub(r"\W|_", "-", f"{label}-{section.name}"),
            )
        )
    # Six languages with their spread are wider than a page: shrink to it, but never enlarge.
    text = "% needs \\usepackage{booktabs,adjustbox}\n" + "\n".join(parts)
    text = text.replace(r"\begin{tabular}", "\\begin{adjustbox}{max width=\\textwidth}\n\\begin{tabular}")
    return text.replace(r"\end{tabular}", "\\end{tabular}\n\\end{adjustbox}")


def csv(table: Table) -> str:
    """All numbers, one line a system and language; a missing run has empty fields."""
    # Of dtype object, so that a gap neither turns a column of counts into floats nor prints as nan.
    return str(pd.DataFrame(records(table)["cells"], dtype=object).to_csv(index=False, lineterminator="\n"))


def metrics(table: Table) -> str:
    """The score of every row in every language, as `dvc metrics` reads it."""
    content: dict[str, dict[str, float]] = {}
    for row in table.rows:
        name = f"{row.system}{'_ensemble' * row.is_ensemble}"
        for language in table.languages:
            if cell := table.cell(row, language):
                content.setdefault(name, {})[language] = round(cell.mean, 2)
    return json.dumps(content, indent=2) + "\n"


def as_json(table: Table) -> str:
    """All that the page shows, as lists of records."""
    published = [
        {"table": of_paper.title, **entry._asdict()}
        for of_paper in counterparts(table)
        for entry in compare(table, of_paper)
    ]
    content = records(table) | {"published": rounded(published)}
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
