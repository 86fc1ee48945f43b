"""All numbers of a table as tidy records, for CSV and JSON."""

from typing import Any

from benchmark.results import Interval, System, rounded
from benchmark.statistics import Spread, spread
from benchmark.tables import AVERAGE, Table


def records(table: Table) -> dict[str, list[dict[str, Any]]]:
    """All numbers as tidy records: cells, averages over targets, differences, pseudo labels."""
    nothing = dict.fromkeys(Spread._fields)
    averages = [
        {"system": str(row.system), "is_ensemble": row.is_ensemble} | (cell._asdict() if cell else nothing)
        for row in table.rows
        for cell in [table.cell(row, AVERAGE)]
    ]
    content = {
        "cells": [
            _record(table, system, language) for system in table.systems for language in table.languages
        ],
        "averages": averages,
        "differences": [entry._asdict() for entry in table.differences],
        "pseudo_labels": [entry._asdict() for entry in table.labellings],
        "hyperparameters": [entry._asdict() for entry in table.hyperparameters],
    }
    return {name: rounded(entries) for name, entries in content.items()}


def _record(table: Table, system: System, language: str) -> dict[str, Any]:
    head = {field: getattr(table.first, field) for field in ("profile", "task", "metric", "split")}
    head |= {"system": str(system), "language": language, "is_source": language == table.languages[0]}
    result = table.results.get((system, language))
    if result is None:
        return head
    record = head | {"selected_on": result.selected_on, "n_examples": result.n_examples}
    record |= (
        {"n_models": len(result.models), "n_collapsed": len(result.collapsed)}
        | spread(result.scores)._asdict()
        | result.interval.model_dump()
        | _crossed(result.crossed_interval)
    )
    if result.ensemble:
        record |= {"ensemble": result.ensemble.score}
        record |= {f"ensemble_{end}": value for end, value in result.ensemble.interval.model_dump().items()}
    for model in sorted(result.models, key=lambda model: model.seed):
        record |= {f"score_{model.seed}": model.score, f"dev_score_{model.seed}": model.dev_score}
    record |= {f"seconds_{stage}": value for stage, value in sorted(result.seconds.items())}
    for c in result.comparisons:
        numbers = {"": c.difference, "_low": c.interval.low, "_high": c.interval.high, "_p_value": c.p_value}
        numbers |= {f"_{end}": value for end, value in _crossed(c.crossed_interval).items()}
        record |= {f"minus_{c.against}{name}": value for name, value in numbers.items()}
    for d in table.differences:
        if system is System.UXLA and d.target == language and d.p_value is not None:
            record |= {f"minus_{d.against}_p_holm": d.p_holm}
            if d.mcnemar is not None:
                record |= {f"minus_{d.against}_mcnemar_holm": d.mcnemar}
    return record


def _crossed(interval: Interval | None) -> dict[str, float]:
    """The ends of an interval over examples and seeds."""
    return {} if interval is None else {"crossed_low": interval.low, "crossed_high": interval.high}
