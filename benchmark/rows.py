"""Rows of published Parquet files as labelled corpora."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from uxla.examples import Corpus, Example
from uxla.tasks import Level, Task

COLUMNS = {
    "xner": ("tokens", "ner_tags"),
    "wikiann": ("tokens", "ner_tags"),
    "xnli": ("premise", "hypothesis", "label"),
    "pawsx": ("sentence1", "sentence2", "label"),
}
"""Columns of the published datasets: the texts, then the label."""

PAIR_IDS = {"pawsx": "id"}
"""Columns that number the pairs alike in every language; elsewhere the number of the row does."""


@dataclass
class Passed:
    """How many rows there were, and how many were passed over and why."""

    rows: int = 0
    empty: int = 0
    placeholders: int = 0


def read_rows(
    path: Path, task: Task, language: str, split: str, *, name: str, placeholder: str | None
) -> tuple[Corpus, Passed]:
    """The examples of a Parquet file, and what was passed over: rows without words, or of a placeholder.

    Ids are `<language>-<split>-<number>`, with the number that a pair has in every language.

    Raises:
        ValueError: the file is no Parquet, has other columns, or a bad row; the message names both.
    """
    rows = _open(path)
    columns = COLUMNS[task.name]
    if missing := set(columns) - set(rows.column_names):
        raise ValueError(f"{name}: expected the columns {', '.join(columns)}, missing: {sorted(missing)}")
    passed = Passed(rows=len(rows))

    def examples() -> Iterator[Example]:
        order = _order(rows.features[columns[-1]], task)
        for number, row in enumerate(rows):
            try:
                words, classes = _labelled([row[column] for column in columns], order, task)
            except ValueError as error:
                raise ValueError(f"row {number}: {error}") from None
            if not all(words):
                passed.empty += 1
            elif placeholder is not None and (placeholder,) in words:
                passed.placeholders += 1
            else:
                pair = row.get(PAIR_IDS.get(task.name, ""), number)
                yield Example(f"{language}-{split}-{pair:05d}", language, words, classes)

    try:
        corpus = Corpus.of(examples())
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if not len(corpus):
        raise ValueError(f"{name}: expected at least one sentence, found none")
    return corpus, passed


def _open(path: Path) -> Any:
    """The rows as a `datasets.Dataset`, which knows the names of labels and decodes rows as asked for."""
    import datasets
    import pyarrow.parquet as pq

    try:
        return datasets.Dataset(pq.read_table(path))
    except (OSError, ValueError, TypeError, AttributeError, LookupError) as error:
        # What a damaged description of the columns makes `datasets` stumble over can be any of these.
        reason = shorten(f"{type(error).__name__}: {error}", width=200, placeholder=" ...")
        raise ValueError(f"{path}: not a Parquet file ({reason})") from error


def _order(feature: Any, task: Task) -> list[int]:
    """The class of each published number: by name where a ClassLabel has names, else in the task's order."""
    names = getattr(getattr(feature, "feature", feature), "names", None)
    if names is None or all(name.isdecimal() for name in names):  # those of PAWS-X are "0" and "1"
        return list(range(task.n_classes))
    return [task.class_of(name) for name in names]


def _labelled(
    cells: list[Any], order: list[int], task: Task
) -> tuple[tuple[tuple[str, ...], ...], tuple[int, ...]]:
    """Words and classes of a row whose last cell is the label."""
    *texts, label = cells
    words = tuple(tuple(text.split() if isinstance(text, str) else text or ()) for text in texts)
    if not all(isinstance(word, str) for text in words for word in text):
        raise ValueError(f"expected texts, was: {texts}")
    tags = label if isinstance(label, list) else [label]
    expected = len(words[0]) if task.level is Level.WORD else 1
    if len(tags) != expected:
        raise ValueError(f"expected a label for each of {expected}, was: {len(tags)} labels")
    if not all(isinstance(tag, int) and 0 <= tag < len(order) for tag in tags):
        raise ValueError(f"a label must lie in 0 to {len(order) - 1}, was: {label}")
    return words, tuple(order[tag] for tag in tags)
