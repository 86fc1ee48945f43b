"""supervise: three models on the target's own labels, the upper bound of the tables (§3.2)."""

from typing import Literal

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.sections import RecipeSection
from benchmark.stages.learning import Job, train_models
from benchmark.tracking import Store


class Settings(Section):
    """What the stage reads of params.yaml."""

    seeds: tuple[int, int, int]
    supervision: RecipeSection
    tracking: dict[Literal["weights"], bool]


def supervise(settings: Settings, *, task: str, target: str, layout: Layout, store: Store) -> None:
    """Write the models trained on a target's labels, selected on its dev set."""
    job = Job(
        task=task,
        language=target,
        section=settings.supervision,
        confidence_penalty=False,
        seeds=settings.seeds,
        folder=layout.supervised(task, target),
        keep_weights=settings.tracking["weights"],
    )
    with store.cell(
        profile=layout.profile, task=task, system="supervised", language=target, stage="supervise"
    ) as run:
        train_models(job, layout=layout, run=run)
