"""aggregate: the table of one task beside how it came about, as files."""

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.rendering import write_tables
from benchmark.results import read_cells
from benchmark.tables import tabulate


class Settings(Section):
    """What the stage reads of params.yaml."""

    display_name: str
    source: str
    languages: tuple[str, ...]


def aggregate(settings: Settings, *, task: str, layout: Layout, strict: bool) -> None:
    """Write the table of a task to the results folder.

    Raises:
        ValueError: with `strict`, a cell is missing; there are no results at all.
    """
    results = read_cells(layout.cells(task, settings.source).parent)
    table = tabulate(
        results,
        languages=[settings.source, *settings.languages],
        encoder=settings.display_name,
        strict=strict,
    )
    write_tables(table, layout.tables())
