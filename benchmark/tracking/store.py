"""The tracking store: `mlruns/mlflow.db` and its artifacts, wherever the checkout lies."""

import logging
import os
import sqlite3
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from benchmark.tracking.failure import clearly
from benchmark.tracking.liveness import sweep
from benchmark.tracking.names import NOTE
from benchmark.tracking.views import view_tags, views_note

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from benchmark.tracking.run import Run

DATABASE = Path("mlruns/mlflow.db")
ARTIFACTS = Path("mlruns/artifacts")
# What plain `mlflow ui` opens: it reads neither a settings file nor MLFLOW_TRACKING_URI.
LINK = Path("mlflow.db")
# Creating the schema takes up to 6 s, and others may queue for it.
LOCK_SECONDS = 120.0


@dataclass(frozen=True)
class Store:
    """An open store: `root` holds `mlruns`, `source` is the working tree that runs."""

    root: Path
    source: Path
    client: "MlflowClient"

    def cell(
        self,
        *,
        profile: str,
        task: str,
        system: str,
        language: str,
        stage: str,
        resume: bool = False,
        version: str | None = None,
    ) -> AbstractContextManager["Run"]:
        """Begin the run of a table cell; it supersedes the cell's earlier runs.

        With `resume` the latest run of the cell is taken up again, if there is one. A `version`
        (a digest of what decides a training, once it is done of what was trained) is noted on a
        new run, and only a run of that very version is taken up: models restored from DVC's cache
        find their own run.
        """
        from benchmark.tracking.cells import Cell, open_cell

        cell = Cell(profile, task, system, language)
        return open_cell(self, cell, stage, resume=resume, version=version)

    def locked(self) -> AbstractContextManager[object]:
        """Hold the lock of the store, for what several processes must not do at once."""
        return _lock(self.root)

    def experiment(self, profile: str) -> str:
        """The id of a profile's experiment, made if missing; call it under the lock."""
        known = self.client.get_experiment_by_name(profile)
        if known is None:
            kind = {"mlflow.experimentKind": "custom_model_development"}
            identifier = str(self.client.create_experiment(profile, tags=kind))
        else:
            identifier = str(known.experiment_id)
        wanted = {NOTE: views_note(identifier), **view_tags()}
        # What somebody has changed in the interface stays.
        for key in wanted.keys() - (known.tags.keys() if known else set()):
            self.client.set_experiment_tag(identifier, key, wanted[key])
        location = (ARTIFACTS / profile).as_posix()
        if known is None or known.artifact_location != location:
            self._locate(identifier, location)
        return identifier

    def _locate(self, experiment: str, location: str) -> None:
        # MLflow makes every location absolute on the way in, so that a moved checkout loses its
        # artifacts, yet reads a relative one as relative to the working directory (mlflow#3144).
        with closing(sqlite3.connect(self.root / DATABASE, timeout=20)) as database, database:
            database.execute(
                "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
                (location, int(experiment)),
            )


def open_store(root: Path) -> Store:
    """Open the tracking store under `root`, made if missing, and close the runs of dead processes.

    `dvc exp run --temp` works in a copy of the tree but leaves the real one in DVC_ROOT: the
    store is there, while commit and dirtiness are those of `root`.

    Raises:
        TrackingError: the store cannot be opened.
    """
    _hush()
    home = Path(os.environ.get("DVC_ROOT", root)).resolve()
    from mlflow import MlflowClient

    with clearly(f"open {home / DATABASE}"):
        (home / DATABASE).parent.mkdir(parents=True, exist_ok=True)
        with _lock(home):
            _link(home)
            # Creates the schema, which must not happen twice at once: the database would be lost.
            client = MlflowClient(tracking_uri=f"sqlite:///{home / DATABASE}")
            client.search_experiments(max_results=1)
            _write_ahead(home / DATABASE)
            sweep(client)
    return Store(home, root.resolve(), client)


def _hush() -> None:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # One line of ours replaces the traceback this one logs before it raises.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _lock(home: Path) -> FileLock:
    return FileLock(home / DATABASE.parent / ".lock", timeout=LOCK_SECONDS)


def _link(home: Path) -> None:
    link = home / LINK
    if link.is_symlink():
        return
    if link.exists():
        raise FileExistsError(f"{link} is a file, but must be a link to {DATABASE}; move it away")
    link.symlink_to(DATABASE)


def _write_ahead(database: Path) -> None:
    # Write-ahead logging lets readers and a writer work at once; MLflow leaves it off.
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
