"""Examples and corpora: ids, texts and, where known, labels, held in Arrow (UXLA §2, D and X)."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from uxla.files import replacing

Words = tuple[str, ...]

_BATCH = 8192
"""Examples that are Python objects at a time while a corpus is built."""

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("texts", pa.list_(pa.list_(pa.string())), nullable=False),
        pa.field("classes", pa.list_(pa.int16())),
    ]
)


@dataclass(frozen=True)
class Example:
    """One example: `classes` has one entry a word (XNER), one in all (pair tasks), or is None."""

    id: str
    language: str
    texts: tuple[Words, ...]
    classes: tuple[int, ...] | None = None


class Corpus:
    """An immutable sequence of examples with distinct ids, labelled throughout or not at all.

    The rows live in one Arrow table of the columns id, language, texts (a list of texts, each a
    list of words) and classes (a list, null when unlabelled).
    """

    def __init__(self, table: pa.Table) -> None:
        """Wrap a table of `SCHEMA`.

        Raises:
            ValueError: other columns, a repeated id, or labels on some rows only.
        """
        if not table.schema.equals(SCHEMA, check_metadata=False):
            raise ValueError(f"a corpus needs the columns {SCHEMA.names}, was: {table.schema.names}")
        if pc.count_distinct(table["id"]).as_py() != len(table):
            raise ValueError("the ids of a corpus must be distinct, but some repeat")
        if table["classes"].null_count not in (0, len(table)):
            raise ValueError(
                "a corpus is labelled throughout or not at all, "
                f"was: {table['classes'].null_count} of {len(table)} rows without a label"
            )
        # The cast drops what a file notes beside the columns, which would change the bytes of the next.
        self.table = table.cast(SCHEMA).combine_chunks()

    @classmethod
    def of(cls, examples: Iterable[Example]) -> "Corpus":
        """Build a corpus from examples, which are taken one at a time."""
        batches = []
        remaining = iter(examples)
        while some := list(islice(remaining, _BATCH)):
            rows = [
                {"id": e.id, "language": e.language, "texts": e.texts, "classes": e.classes} for e in some
            ]
            batches.append(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
        return cls(pa.Table.from_batches(batches, schema=SCHEMA))

    @classmethod
    def load(cls, path: Path) -> "Corpus":
        """Read a corpus written by `save`.

        Raises:
            ValueError: the file is missing or is no such corpus.
        """
        if not path.is_file():
            raise ValueError(f"{path}: expected a corpus file, found none; run the stage that makes it")
        try:
            return cls(pq.read_table(path))
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise ValueError(f"{path}: not a corpus file ({str(error).splitlines()[0]})") from error

    def save(self, path: Path) -> None:
        """Write the corpus as Parquet; the same rows give the same bytes."""
        with replacing(path) as temporary:
            pq.write_table(self.table, temporary, compression="zstd")

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Example]:
        for batch in self.table.to_batches(max_chunksize=1024):
            for row in batch.to_pylist():
                classes = None if row["classes"] is None else tuple(row["classes"])
                yield Example(row["id"], row["language"], tuple(map(tuple, row["texts"])), classes)

    @property
    def ids(self) -> list[str]:
        """The ids, in row order."""
        return list(self.table["id"].to_pylist())

    @property
    def is_labelled(self) -> bool:
        """Whether the rows carry labels (an empty corpus does not)."""
        return len(self) > 0 and self.table["classes"].null_count == 0

    @property
    def classes(self) -> list[np.ndarray[Any, np.dtype[np.int16]]]:
        """The classes of every example, each an array of its own length.

        Raises:
            ValueError: the corpus is unlabelled.
        """
        if not self.is_labelled:
            raise ValueError(f"labels were asked of an unlabelled corpus of {len(self)} examples")
        column = self.table["classes"].combine_chunks()
        values = column.flatten().to_numpy()
        lengths = pc.list_value_length(column).to_numpy()
        return np.split(values, np.cumsum(lengths)[:-1])

    def select(self, rows: Sequence[int] | np.ndarray[Any, np.dtype[np.int64]]) -> "Corpus":
        """The given rows, in the given order."""
        return Corpus(self.table.take(pa.array(rows, type=pa.int64())))

    def unlabelled(self) -> "Corpus":
        """The same examples without their labels."""
        nothing = pa.nulls(len(self), SCHEMA.field("classes").type)
        return Corpus(self.table.set_column(3, SCHEMA.field("classes"), nothing))

    def relabelled(self, classes: Sequence[Sequence[int] | np.ndarray[Any, Any]]) -> "Corpus":
        """The same examples with other labels, one sequence of classes an example."""
        if len(classes) != len(self):
            raise ValueError(f"expected labels for {len(self)} examples, was: {len(classes)}")
        offsets = np.concatenate([[0], np.cumsum([len(c) for c in classes], dtype=np.int64)])
        flat = np.concatenate([np.asarray(c, np.int16) for c in classes] or [np.empty(0, np.int16)])
        column = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(flat))
        return Corpus(self.table.set_column(3, SCHEMA.field("classes"), column))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, independent of file format and library version."""
        whole = hashlib.sha256()
        for example in self:
            whole.update(repr((example.id, example.language, example.texts, example.classes)).encode())
        return whole.hexdigest()


def joined(corpora: Sequence[Corpus]) -> Corpus:
    """One corpus of the examples of several, in order; their ids must differ."""
    return Corpus(pa.concat_tables([corpus.table for corpus in corpora]))
