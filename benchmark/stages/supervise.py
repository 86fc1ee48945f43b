"""supervise: three models on labels of the targets, the upper bound of the tables (§3.2)."""

from typing import Literal

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.sections import RecipeSection
from benchmark.stages.learning import Job, train_models
from benchmark.tracking import Store
from uxla.devices import use_threads


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    seeds: tuple[int, int, int]
    supervision: RecipeSection
    tracking: dict[Literal["weights"], bool]


def supervise(settings: Settings, *, task: str, language: str, layout: Layout, store: Store) -> None:
    """Write the models trained on the labels of a target, or of all languages, selected on its dev set."""
    use_threads(settings.threads)
    job = Job(
        task=task,
        language=language,
        section=settings.supervision,
        confidence_penalty=False,
        seeds=settings.seeds,
        encoder=layout.language_model,
        folder=layout.supervised(task, language),
        keep_weights=settings.tracking["weights"],
    )
    with store.cell(
        profile=layout.profile, task=task, system="supervised", language=language, stage="supervise"
    ) as run:
        train_models(job, layout=layout, run=run)
