"""MLflow's registry: one model for every task and target, whose version `best` is that of the table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmark.tracking.failure import clearly

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

    from benchmark.tracking.store import Store

ALIAS = "best"


def register(store: "Store", *, profile: str, task: str, model: str, name: str, card: str) -> str | None:
    """Register the latest logged model of a name under `name`, with a card; returns its version.

    Nothing changes if it is registered already but for the card. None if no such model was logged.
    """
    from mlflow.exceptions import MlflowException

    with clearly(f"register {name}"):
        logged = _latest(store, profile, task, model)
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


def _latest(store: "Store", profile: str, task: str, model: str) -> "LoggedModel | None":
    experiment = store.client.get_experiment_by_name(profile)
    if experiment is None:
        return None
    found = store.client.search_logged_models([experiment.experiment_id], filter_string=f"name = '{model}'")
    # Tasks share languages, and with them the names of models.
    mine = [entry for entry in found if entry.tags.get("uxla.task") == task and entry.status.value == "READY"]
    return max(mine, key=lambda entry: int(entry.creation_timestamp), default=None)
