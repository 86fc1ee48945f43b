"""Metrics, gathered and written in batches: one write costs as much as a thousand metrics do."""

import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmark.tracking.failure import clearly

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

# As many as MLflow takes in one call.
BATCH = 1000
# What a killed process may lose, and how often `mlflow ui` sees something new.
FLUSH_SECONDS = 10.0


class MetricBuffer:
    """The metrics of a run that are not yet written."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        """Start empty."""
        self._client = client
        self._run_id = run_id
        self._waiting: list[Metric] = []
        self._flushed = time.monotonic()

    def add(self, step: int, metrics: Mapping[str, float], model_id: str | None = None) -> None:
        """Take metrics of a step; writes when they are many or the last write is long ago.

        Raises:
            ValueError: MLflow does not accept a name.
        """
        from mlflow.entities import Metric

        for name in metrics:
            _check(name)
        now = int(time.time() * 1000)
        run_id = self._run_id if model_id else None
        self._waiting += [
            Metric(name, float(value), now, step, model_id=model_id, run_id=run_id)
            for name, value in metrics.items()
        ]
        if len(self._waiting) >= BATCH or time.monotonic() - self._flushed > FLUSH_SECONDS:
            with clearly("write metrics"):
                self.flush()

    def flush(self) -> None:
        """Write everything."""
        while self._waiting:
            self._client.log_batch(self._run_id, metrics=self._waiting[:BATCH])
            del self._waiting[:BATCH]
        self._flushed = time.monotonic()


@lru_cache(maxsize=4096)
def _check(name: str) -> None:
    if not re.fullmatch(r"[\w.\-: ]+(/[\w.\-: ]+)*", name) or len(name) > 250:
        raise ValueError(f"a metric is named by letters, digits and _ - . : space /, was: {name!r}")
