"""Saying in one line that tracking broke."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class TrackingError(RuntimeError):
    """The tracking store could not be read or written."""


@contextmanager
def clearly(action: str) -> Iterator[None]:
    """Turn whatever MLflow, SQLite or the disk raises into a `TrackingError` of one line.

    A run that cannot be recorded stops: a table cell without its evidence is worth nothing.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrackingError(f"tracking: cannot {action}: {reason}") from error
