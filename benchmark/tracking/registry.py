"""MLflow's registry: one model for every task and target, whose version `best` is that of the table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmark.tracking.cells import CURRENT
from benchmark.tracking.failure import clearly
from benchmark.tracking.run import PARENT

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

    from benchmark.tracking.store import Store

ALIAS = "best"


def register(
    store: "Store",
    *,
    profile: str,
    task: str,
    model: str,
    scores: tuple[str, float],
    name: str,
    card: str,
) -> str | None:
    """Register the model of a name that the current run of its cell has logged, with a card.

    Returns its version; nothing changes but the card if it is registered already. None if no such model was
    logged, or the metric of that run is not what the table has (`scores`): it is of other weights then.
    """
    from mlflow.exceptions import MlflowException

    with clearly(f"register {name}"):
        logged = _latest(store, profile, task, model, scores)
        if logged is None:
            return None
        client = store.client
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        client.update_registered_model(name, description=card)
        for known in client.search_model_versions(f"name = '{name}'"):
            if known.source == f"models:/{logged.model_id}":
                version = str(known.version)
                break
        else:
            with _as_default(store):
                made = client.create_model_version(
                    name,
                    source=f"models:/{logged.model_id}",
                    run_id=logged.source_run_id,
                    model_id=logged.model_id,
                    description=card,
                )
            version = str(made.version)
        client.set_registered_model_alias(name, ALIAS, version)
        return version


@contextmanager
def _as_default(store: "Store") -> Iterator[None]:
    """What a version is made of is looked up in MLflow's default store, not in the client's.

    MLflow also hands that to subprocesses, in their environment: where nobody chose one, none stays.
    """
    import mlflow

    is_chosen = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]  # MLflow's own
    before = mlflow.get_tracking_uri() if is_chosen else None
    mlflow.set_tracking_uri(store.client.tracking_uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None is none


def _latest(
    store: "Store", profile: str, task: str, model: str, scores: tuple[str, float]
) -> "LoggedModel | None":
    experiment = store.client.get_experiment_by_name(profile)
    if experiment is None:
        return None
    found = store.client.search_logged_models([experiment.experiment_id], filter_string=f"name = '{model}'")
    # Tasks share languages, and with them the names of models.
    mine = [
        entry
        for entry in found
        if entry.tags.get("uxla.task") == task
        and entry.status.value == "READY"
        and _is_of_the_table(store, entry, *scores)
    ]
    return max(mine, key=lambda entry: int(entry.creation_timestamp), default=None)


def _is_of_the_table(store: "Store", model: "LoggedModel", metric: str, score: float) -> bool:
    """Whether a model was logged below the current run of its cell, and that run has the score."""
    if model.source_run_id is None:
        return False
    child = store.client.get_run(model.source_run_id)
    run = store.client.get_run(child.data.tags.get(PARENT, child.info.run_id)).data
    return run.tags.get(CURRENT) == "true" and abs(run.metrics.get(metric, -1.0) - score) < 1e-3
