"""What the store holds of the table cells as they stand, read for the report."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from benchmark.tracking.cells import CURRENT
from benchmark.tracking.failure import clearly

if TYPE_CHECKING:
    from mlflow.entities import Run as Record

    from benchmark.tracking.store import Store

COMMIT, DIRTY, SECONDS = "git.commit.", "git.dirty.", "seconds/"
MEMORY = "system/system_memory_usage_megabytes"


class CellRun(NamedTuple):
    """The current run of a cell; `commits` and `seconds` are by stage, `dirty` are stages of changed code."""

    task: str
    system: str
    language: str
    run_id: str
    experiment: str
    status: str
    commits: Mapping[str, str]
    dirty: frozenset[str]
    seconds: Mapping[str, float]
    metrics: Mapping[str, float]


def current_runs(store: "Store", profile: str) -> list[CellRun]:
    """The current run of every cell of a profile; none if nothing of it was ever run."""
    with clearly(f"read the runs of {profile}"):
        experiment = store.client.get_experiment_by_name(profile)
        if experiment is None:
            return []
        condition = f"tags.\"{CURRENT}\" = 'true'"
        found: list[CellRun] = []
        token = None
        while True:
            page = store.client.search_runs(
                [experiment.experiment_id], condition, max_results=1000, page_token=token
            )
            found += [_cell(record) for record in page]
            token = page.token
            if not token:
                return found


def _cell(record: "Record") -> CellRun:
    tags, metrics = record.data.tags, record.data.metrics
    return CellRun(
        task=tags["uxla.task"],
        system=tags["uxla.system"],
        language=tags["uxla.language"],
        run_id=record.info.run_id,
        experiment=record.info.experiment_id,
        status=record.info.status,
        commits={k.removeprefix(COMMIT): v for k, v in tags.items() if k.startswith(COMMIT)},
        dirty=frozenset(
            k.removeprefix(DIRTY) for k, v in tags.items() if k.startswith(DIRTY) and v == "true"
        ),
        seconds={k.removeprefix(SECONDS): v for k, v in metrics.items() if k.startswith(SECONDS)},
        metrics=metrics,
    )
