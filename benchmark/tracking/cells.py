"""The run of a table cell: begun or taken up again, watched and ended."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.tracking.failure import clearly
from benchmark.tracking.liveness import PROCESS, own_process, terminable
from benchmark.tracking.names import NOTE, name_of, note_of
from benchmark.tracking.provenance import provenance_tags
from benchmark.tracking.run import VERSION, Run, ending

if TYPE_CHECKING:
    from mlflow.entities import Run as Record

    from benchmark.tracking.store import Store

CURRENT = "uxla.current"
STAGES = "uxla.stage"
# A stage of the smoke profile lasts some ten seconds, one of the paper's hours: both get a curve.
SAMPLING_SECONDS = 5.0


@dataclass(frozen=True)
class Cell:
    """The address of a table cell; tasks share languages."""

    profile: str
    task: str
    system: str
    language: str

    def __post_init__(self) -> None:
        """Check the parts.

        Raises:
            ValueError: the profile is no folder name, or a part is empty or holds a quote.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", self.profile):
            raise ValueError(f"a profile is made of letters, digits and . _ -, was: {self.profile!r}")
        for part in (self.task, self.system, self.language):
            if not part or "'" in part or not part.isprintable():
                raise ValueError(f"a task, system or language is one line without quotes, was: {part!r}")

    @property
    def tags(self) -> dict[str, str]:
        """The tags that say which cell a run belongs to."""
        return {
            "uxla.profile": self.profile,
            "uxla.task": self.task,
            "uxla.system": self.system,
            "uxla.language": self.language,
        }


@contextmanager
def open_cell(store: "Store", cell: Cell, stage: str, *, resume: bool, version: str | None) -> Iterator[Run]:
    """Begin or take up the run of a cell, watch the machine meanwhile, and end it.

    Its seconds include those of work before it (`Run.add_seconds`) and of a session that was interrupted.
    """
    tags = {**cell.tags, CURRENT: "true", STAGES: stage, PROCESS: own_process()}
    tags |= provenance_tags(store.source, stage) | ({VERSION: version} if version else {})
    with terminable():
        with clearly(f"begin the run of {cell.system}, {cell.language}"), store.locked():
            run, before = _begin(store, cell, tags, resume=resume)
        run.add_seconds(before)
        started = time.perf_counter()
        with ending(run), _watched(store, run):
            try:
                yield run
            finally:
                run.log(0, {f"seconds/{stage}": run.seconds_added + time.perf_counter() - started})


def _begin(store: "Store", cell: Cell, tags: dict[str, str], *, resume: bool) -> tuple[Run, float]:
    """The run, and how long an interrupted session of the same stage has worked on it."""
    experiment = store.experiment(cell.profile)
    earlier = _runs_of(store, experiment, cell.tags)
    record = _latest(earlier, tags.get(VERSION)) if resume else None
    name, note = name_of(cell.task, cell.system, cell.language), note_of(cell.system, cell.language)
    tags |= {NOTE: note} if note else {}
    for other in earlier:
        if other is not record and other.data.tags.get(CURRENT) == "true":
            store.client.set_tag(other.info.run_id, CURRENT, "false")
    if record is not None:
        stages = dict.fromkeys([*record.data.tags[STAGES].split(", "), tags[STAGES]])
        # The commit that MLflow shows stays that of the training.
        tags.pop("mlflow.source.git.commit", None)
        # What somebody has written into the description stays.
        if NOTE in record.data.tags:
            tags.pop(NOTE, None)
        is_whole = record.info.status == "FINISHED"
        before = 0.0 if is_whole else float(record.data.metrics.get(f"seconds/{tags[STAGES]}", 0.0))
        return Run.resumed(store, record, name, {**tags, STAGES: ", ".join(stages)}), before
    source = {"mlflow.source.name": f"python -m benchmark {tags[STAGES]}"}
    return Run.created(store, experiment, name, tags | source), 0.0


def _runs_of(store: "Store", experiment: str, tags: dict[str, str]) -> "list[Record]":
    condition = " AND ".join(f"tags.\"{key}\" = '{value}'" for key, value in tags.items())
    # Only top-level runs are marked current or not; models and epochs carry no such tag.
    condition += f" AND tags.\"{CURRENT}\" LIKE '%'"
    found = store.client.search_runs([experiment], condition, order_by=["start_time DESC"])
    return list(found)


def _latest(runs: "list[Record]", version: str | None) -> "Record | None":
    wanted = (run for run in runs if version in (None, run.data.tags.get(VERSION)))
    return next(wanted, None)


@contextmanager
def _watched(store: "Store", run: Run) -> Iterator[None]:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor: Any = SystemMetricsMonitor(  # type: ignore[no-untyped-call]  # MLflow's own
        run.run_id,
        sampling_interval=SAMPLING_SECONDS,
        resume_logging=True,
        tracking_uri=store.client.tracking_uri,
    )
    monitor.start()
    try:
        yield
    finally:
        # MLflow drops the samples since the last interval: all there are in a short stage.
        with clearly("write system metrics"):
            monitor.finish()
            monitor.collect_metrics()
            monitor.publish_metrics(monitor.aggregate_metrics())
            monitor.mlflow_logger.flush()
