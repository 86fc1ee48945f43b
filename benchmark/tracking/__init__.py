"""What the experiment did, kept in MLflow: the only package of the suite that imports mlflow.

    store = open_store(Path.cwd())
    with store.cell(
        profile="smoke", task="xner", system="UXLA", language="qab", stage="adapt"
    ) as run:
        run.log_parameters({"adaptation": {"learning_rate": 5e-6}})
        with run.child("model 11") as model, model.child("epoch 1") as epoch:
            student.fit(..., log=epoch.log)
            model.log_model(folder, name="UXLA qab model 11")

`mlflow ui` in the root of the checkout shows the store, its view "Table" one run for every table cell.
"""

from benchmark.tracking.failure import TrackingError
from benchmark.tracking.run import Run
from benchmark.tracking.store import Store, open_store

__all__ = ["Run", "Store", "TrackingError", "open_store"]
