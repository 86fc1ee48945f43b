"""aggregate: the table of one task beside how it came about, as files."""

from benchmark.data import HubData, ToyData
from benchmark.fields import Section
from benchmark.hyperparameters import hyperparameters
from benchmark.layout import Layout
from benchmark.rendering import write_tables
from benchmark.results import read_cells
from benchmark.sections import (
    AdaptationSection,
    LanguageModelSection,
    PublicModelSection,
    RecipeSection,
    RivalSection,
    TaggerSection,
    VicinitySection,
)
from benchmark.tables import Encoder, Table, tabulate


class Settings(Section):
    """What the stage reads of params.yaml."""

    display_name: str
    language_model: LanguageModelSection | PublicModelSection
    source: str
    languages: tuple[str, ...]
    absent: dict[str, str]
    data: ToyData | HubData
    warmup: RecipeSection
    vicinity: VicinitySection
    targets: dict[str, AdaptationSection]
    rivals: dict[str, RivalSection]
    tagger: TaggerSection | None


def page(settings: Settings, *, task: str, layout: Layout, strict: bool = False) -> Table:
    """The table of a task from the results there are.

    Raises:
        ValueError: with `strict`, a cell is missing; there are no results at all.
    """
    rows = hyperparameters(
        settings.display_name,
        data=settings.data,
        warmup=settings.warmup,
        vicinity=settings.vicinity,
        targets=settings.targets,
    )
    return tabulate(
        read_cells(layout.cells(task, settings.source).parent),
        languages=[settings.source, *settings.languages],
        encoder=settings.display_name,
        checkpoint=settings.language_model.pretrained,
        strict=strict,
        absent=settings.absent,
        hyperparameters=rows,
        rivals={
            name: Encoder(rival.display_name, rival.encoder.pretrained)
            for name, rival in settings.rivals.items()
        },
        has_tagger=settings.tagger is not None,
    )


def aggregate(settings: Settings, *, task: str, layout: Layout, strict: bool) -> None:
    """Write the table of a task to the results folder; errors as those of `page`."""
    write_tables(page(settings, task=task, layout=layout, strict=strict), layout.tables())
