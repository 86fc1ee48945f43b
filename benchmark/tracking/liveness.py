"""Which runs still have a living process, and ending those that have none."""

import os
import signal
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import psutil

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PROCESS = "uxla.process"
TERMINATED = 128 + signal.SIGTERM
# System metrics come every few seconds; a process of another host silent for so long is gone.
SILENCE_SECONDS = 15 * 60
# Start times derive from the boot time, which moves a little when the clock is set.
CLOCK_TOLERANCE_SECONDS = 5.0
HEARTBEAT = "system/cpu_utilization_percentage"


def own_process() -> str:
    """Host, id and start time of this process: ids come back, the three together do not."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"


def sweep(client: "MlflowClient") -> None:
    """Set to KILLED every run of ours that is RUNNING without a living process."""
    by_process: dict[str, list[Run]] = defaultdict(list)
    for run in _running(client):
        if PROCESS in run.data.tags:
            by_process[run.data.tags[PROCESS]].append(run)
    for process, runs in by_process.items():
        if not _is_alive(client, process, runs):
            for run in runs:
                client.set_terminated(run.info.run_id, status="KILLED")


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the block by `SystemExit(143)`, so that what it opened gets closed.

    Elsewhere than in the main thread, and where somebody handles SIGTERM already, nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def status_after(error: BaseException) -> str:
    """The status of a run that this exception ended."""
    match error:
        case SystemExit(code=None | 0):
            return "FINISHED"
        case KeyboardInterrupt() | SystemExit(code=143):
            return "KILLED"
    return "FAILED"


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal must not interrupt the closing of the run.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(TERMINATED)


def _running(client: "MlflowClient") -> "Iterator[Run]":
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    token = None
    while True:
        page = client.search_runs(
            experiments, "attributes.status = 'RUNNING'", max_results=1000, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _is_alive(client: "MlflowClient", process: str, runs: "list[Run]") -> bool:
    host, number, started = process.rsplit(" ", 2)
    if host != socket.gethostname():
        return time.time() - _last_sign(client, runs) < SILENCE_SECONDS
    try:
        found = psutil.Process(int(number))
        is_same = abs(found.create_time() - float(started)) < CLOCK_TOLERANCE_SECONDS
        return is_same and bool(found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _last_sign(client: "MlflowClient", runs: "list[Run]") -> float:
    signs = [run.info.start_time for run in runs]
    for run in runs:
        if HEARTBEAT in run.data.metrics:
            history = client.get_metric_history(run.info.run_id, HEARTBEAT)
            signs.extend(metric.timestamp for metric in history)
    return float(max(signs)) / 1000
