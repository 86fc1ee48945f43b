"""One run of the store: its metrics, parameters, data, artifacts, models and nested runs."""

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.tracking.corpora import dataset_of
from benchmark.tracking.failure import TrackingError, clearly
from benchmark.tracking.liveness import PROCESS, own_process, status_after
from benchmark.tracking.metrics import MetricBuffer
from benchmark.tracking.models import ADDRESS, log_model
from benchmark.tracking.names import child_name, part_of
from benchmark.tracking.parameters import flattened, shortened, unclashing
from benchmark.tracking.provenance import dependency_tags
from uxla.examples import Corpus
from uxla.files import write_text

if TYPE_CHECKING:
    from mlflow.entities import Run as Record

    from benchmark.tracking.store import Store

PARENT = "mlflow.parentRunId"
VERSION = "uxla.version"
# MLflow takes no more parameters or tags than this in one call.
BATCH = 100


class Run:
    """A run being recorded: that of a table cell, or of a model or an epoch nested in it."""

    def __init__(self, store: "Store", record: "Record", *, seconds_before: float | None = None) -> None:
        """Wrap a run that MLflow holds as RUNNING; `created` and `resumed` see to that.

        `seconds_before` is how long a run that is resumed was worked on.
        """
        self.run_id: str = record.info.run_id
        self.name: str = record.info.run_name
        self._store = store
        self._record = record
        self._metrics = MetricBuffer(store.client, self.run_id)
        self._children = {} if seconds_before is None else self._known_children()
        self._seconds_before = seconds_before or 0.0
        self.seconds_added = 0.0
        self._started = time.perf_counter()

    @classmethod
    def created(cls, store: "Store", experiment: str, name: str, tags: Mapping[str, str]) -> "Run":
        """Begin a run."""
        from mlflow.tracking.context.registry import resolve_tags

        everything = {**resolve_tags(), **tags}
        record = store.client.create_run(experiment, tags=everything, run_name=name)
        return cls(store, record)

    @classmethod
    def resumed(cls, store: "Store", record: "Record", name: str, tags: Mapping[str, str]) -> "Run":
        """Take up a run that ended, under the name it would get today."""
        # A child of a run that is still at work ended since its record was read.
        info = store.client.get_run(record.info.run_id).info
        before = (info.end_time - info.start_time) / 1000 if info.end_time else 0.0
        # The tags first: a run that is RUNNING under its former process would be swept.
        for key, value in tags.items():
            store.client.set_tag(record.info.run_id, key, value)
        store.client.update_run(record.info.run_id, status="RUNNING", name=name)
        return cls(store, store.client.get_run(record.info.run_id), seconds_before=before)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Note metrics of a step: the plain callable that `uxla` asks for.

        They are written in batches, the last one when the run ends, however it ends.
        """
        self._metrics.add(step, metrics)

    @contextmanager
    def child(self, name: str) -> Iterator["Run"]:
        """The nested run of this name, such as "model 11" or "epoch 2": begun, or taken up."""
        with clearly(f"begin the run {self.name}, {name}"):
            run = self._child(name)
        self._children[name] = run._record
        with ending(run):
            try:
                yield run
            finally:
                run.log(0, {"seconds": run.seconds})

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Note parameters; a nested mapping becomes keys such as `warmup.learning_rate`.

        MLflow never changes a parameter. Noted again with the same value nothing happens; with
        another value it is noted as `key:2` (then `key:3`), beside what the run began with. A
        value too long for MLflow is cut, and is whole in the artifact `parameters/<key>.txt`.
        """
        from mlflow.entities import Param

        with clearly(f"log parameters of {self.name}"):
            texts = flattened(parameters)
            cut = {key: shortened(key, text) for key, text in texts.items()}
            for key in (key for key, text in texts.items() if cut[key] != text):
                self.log_text(texts[key], f"parameters/{key}.txt")
            known = self._store.client.get_run(self.run_id).data.params
            fresh = [Param(key, value) for key, value in unclashing(cut, known).items()]
            for start in range(0, len(fresh), BATCH):
                self._store.client.log_batch(self.run_id, params=fresh[start : start + BATCH])

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; a tag set before takes the new value."""
        from mlflow.entities import RunTag

        entities = [RunTag(key, value) for key, value in tags.items()]
        with clearly(f"set tags of {self.name}"):
            for start in range(0, len(entities), BATCH):
                self._store.client.log_batch(self.run_id, tags=entities[start : start + BATCH])

    def add_seconds(self, seconds: float) -> None:
        """Count work of the stage that lies before the run."""
        self.seconds_added += seconds

    def log_version(self, version: str) -> None:
        """Note a digest of what was trained: only a run of that very version is taken up for it."""
        self.log_tags({VERSION: version})

    def log_dependencies(self, paths: Iterable[Path | str]) -> None:
        """Tag what DVC made of these paths, relative to the root: `dvc.dep.<path>` is its hash.

        Paths that no earlier stage made are left to the git commit.
        """
        self.log_tags(dependency_tags(self._store.source, paths))

    def log_corpus(self, corpus: Corpus, *, name: str, context: str, source: Path | str) -> None:
        """Note a corpus as an input: its digest, size and place, not its rows.

        `context` says what for, such as "training" or "test"; `source` is relative to the root.
        """
        with clearly(f"log the corpus {name}"):
            dataset = dataset_of(corpus, name=name, context=context, source=source)
            self._store.client.log_inputs(self.run_id, datasets=[dataset])

    def log_file(self, path: Path, folder: str = "") -> None:
        """Keep a copy of a file as an artifact, in `folder` if given."""
        target = self._artifacts / folder
        with clearly(f"keep {path}"):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / path.name)

    def log_folder(self, path: Path, folder: str = "") -> None:
        """Keep a copy of a folder's content as artifacts, in `folder` if given."""
        with clearly(f"keep {path}"):
            shutil.copytree(path, self._artifacts / folder, dirs_exist_ok=True)

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as the artifact `path`."""
        with clearly(f"keep {path}"):
            write_text(self._artifacts / path, text)

    def log_model(self, folder: Path, *, name: str, step: int = 0, weights: bool = True) -> str:
        """Keep a checkpoint folder as a model that MLflow lists and loads; returns its id.

        Without `weights` only a pointer to `folder` is kept, for models too large to copy.
        """
        with clearly(f"log the model {name}"):
            return log_model(self._store, self._record, folder, name=name, step=step, weights=weights)

    def log_model_metrics(self, model_id: str, step: int, metrics: Mapping[str, float]) -> None:
        """Note metrics of a logged model, which are metrics of this run too."""
        self._metrics.add(step, metrics, model_id)

    @property
    def seconds(self) -> float:
        """How long it has been worked on; the time between its stages does not count."""
        return self._seconds_before + time.perf_counter() - self._started

    def end(self, status: str) -> None:
        """Write what is buffered and end the run with an MLflow status.

        What the interface shows as its duration are the seconds worked on it.
        """
        end = int(self._record.info.start_time + 1000 * self.seconds)
        with clearly(f"end the run {self.name}"):
            try:
                self._metrics.flush()
            finally:
                self._store.client.set_terminated(self.run_id, status=status, end_time=end)

    @property
    def _artifacts(self) -> Path:
        # The location is relative to the root, whatever the working directory is.
        return self._store.root / str(self._record.info.artifact_uri)

    def _child(self, name: str) -> "Run":
        whole = child_name(self.name, name)
        if name in self._children:
            return Run.resumed(self._store, self._children[name], whole, {PROCESS: own_process()})
        tags = {key: self._record.data.tags[key] for key in ADDRESS}
        tags |= {PARENT: self.run_id, PROCESS: own_process()}
        return Run.created(self._store, self._record.info.experiment_id, whole, tags)

    def _known_children(self) -> "dict[str, Record]":
        found = self._store.client.search_runs(
            [self._record.info.experiment_id], f"tags.\"{PARENT}\" = '{self.run_id}'"
        )
        return {part_of(record.info.run_name): record for record in found}


@contextmanager
def ending(run: Run) -> Iterator[Run]:
    """End a run with its block: FINISHED, KILLED by a signal, FAILED by any other exception."""
    try:
        yield run
    except BaseException as error:
        try:
            run.end(status_after(error))
        except TrackingError as second:
            error.add_note(str(second))
        raise
    run.end("FINISHED")
