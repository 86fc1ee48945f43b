"""warmup: three models on the source's labels, with or without confidence penalty (§2.1, Eq. 1)."""

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
    source: str
    seeds: tuple[int, int, int]
    warmup: RecipeSection
    tracking: dict[Literal["weights"], bool]


def warmup(
    settings: Settings,
    *,
    task: str,
    objective: str,
    layout: Layout,
    store: Store,
    encoder: str | None = None,
) -> None:
    """Write the models of one objective, selected on the source's dev set, on a rival's encoder if named."""
    use_threads(settings.threads)
    system = f"{encoder}_{objective}" if encoder else objective
    job = Job(
        task=task,
        language=settings.source,
        section=settings.warmup,
        confidence_penalty=objective == "confidence_penalty",
        seeds=settings.seeds,
        encoder=layout.rival(task, encoder) if encoder else layout.language_model,
        folder=layout.baseline(task, system) if encoder else layout.warmed_up(task, objective),
        keep_weights=settings.tracking["weights"],
    )
    with store.cell(
        profile=layout.profile, task=task, system=system, language=settings.source, stage="warmup"
    ) as run:
        train_models(job, layout=layout, run=run)
