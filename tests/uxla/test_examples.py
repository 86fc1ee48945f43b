"""A corpus keeps its rows through every operation and every file, and refuses what is no corpus."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxla.examples import SCHEMA, Corpus, Example

A = Example("a", "en", (("John", "sleeps"),), (1, 0))
B = Example("b", "de", (("Wien",),), (5,))
C = Example("c", "en", (("one", "two", "three"),), (0, 0, 0))
EMPTY = Corpus.of([])

TEXT = st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=5).map(tuple)
LABELS = st.lists(st.integers(0, 300), max_size=5).map(tuple)
ROWS = st.lists(st.tuples(st.lists(TEXT, min_size=1, max_size=2).map(tuple), LABELS), max_size=6)


@given(ROWS)
@settings(deadline=None, max_examples=60)
def test_the_examples_that_go_in_come_out(rows: list[tuple]) -> None:
    examples = [Example(str(i), "en", texts, labels) for i, (texts, labels) in enumerate(rows)]
    corpus = Corpus.of(examples)
    assert list(corpus) == examples
    assert list(corpus.unlabelled()) == [Example(e.id, e.language, e.texts) for e in examples]
    assert corpus.unlabelled().relabelled([e.classes or () for e in examples]).digest == corpus.digest


@given(ROWS)
@settings(deadline=None, max_examples=40)
def test_any_corpus_survives_its_file(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    path = tmp_path_factory.mktemp("any") / "corpus.parquet"
    for labelled in (True, False):
        corpus = Corpus.of(Example(str(i), "en", t, c if labelled else None) for i, (t, c) in enumerate(rows))
        corpus.save(path)
        assert list(Corpus.load(path)) == list(corpus)
        assert Corpus.load(path).digest == corpus.digest


def test_a_corpus_survives_its_file(tmp_path: Path) -> None:
    for corpus in (Corpus.of([A, B, C]), Corpus.of([A, B]).unlabelled(), EMPTY):
        corpus.save(tmp_path / "some" / "corpus.parquet")
        loaded = Corpus.load(tmp_path / "some" / "corpus.parquet")
        assert list(loaded) == list(corpus)
        assert loaded.digest == corpus.digest


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    Corpus.of([A, B, C]).save(tmp_path / "direct")
    Corpus.of([C, B, A]).select([2, 1, 0]).save(tmp_path / "by way of select")
    Corpus.load(tmp_path / "direct").save(tmp_path / "by way of a file")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize(
    "other",
    [
        Example("z", "en", A.texts, A.classes),
        Example("a", "fr", A.texts, A.classes),
        Example("a", "en", (("John", "slept"),), A.classes),
        Example("a", "en", (("John",), ("sleeps",)), A.classes),
        Example("a", "en", A.texts, (1, 1)),
        Example("a", "en", A.texts),
    ],
)
def test_the_digest_sees_every_column(other: Example) -> None:
    assert Corpus.of([A]).digest == Corpus.of([A]).digest != Corpus.of([other]).digest


def test_the_digest_sees_the_order() -> None:
    assert Corpus.of([A, B]).digest != Corpus.of([B, A]).digest


def test_the_digest_is_the_same_on_every_machine() -> None:
    assert Corpus.of([A, B]).digest[:16] == "6d12fd9ba4b8eafc"


def test_classes_are_cut_by_example_also_after_select() -> None:
    chosen = Corpus.of([A, B, C]).select(np.array([2, 0]))
    assert [classes.tolist() for classes in chosen.classes] == [[0, 0, 0], [1, 0]]
    assert chosen.ids == ["c", "a"]


def test_relabelling_changes_the_labels_only() -> None:
    relabelled = Corpus.of([A, B]).relabelled([[3, 4], np.array([0])])
    assert list(relabelled) == [
        Example("a", "en", A.texts, (3, 4)),
        Example("b", "de", B.texts, (0,)),
    ]


def test_an_empty_corpus_is_a_corpus() -> None:
    assert (len(EMPTY), list(EMPTY), EMPTY.ids, EMPTY.is_labelled) == (0, [], [], False)
    for same in (EMPTY.select([]), EMPTY.unlabelled(), EMPTY.relabelled([]), Corpus.of([A]).select([])):
        assert same.digest == EMPTY.digest


def test_labels_on_some_rows_only_are_refused() -> None:
    with pytest.raises(ValueError, match="throughout or not at all, was: 1 of 2 rows without a label"):
        Corpus.of([A, Example("b", "en", B.texts)])


def test_a_repeated_id_is_refused() -> None:
    with pytest.raises(ValueError, match="must be distinct, but some repeat"):
        Corpus.of([A, B, A])
    with pytest.raises(ValueError, match="must be distinct"):
        Corpus.of([A, B]).select([1, 1])


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match=r"needs the columns \['id', .*\], was: \['id'\]"):
        Corpus(pa.table({"id": ["a"]}))


def test_labels_for_another_number_of_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="expected labels for 2 examples, was: 1"):
        Corpus.of([A, B]).relabelled([[0, 0]])


def test_labels_of_an_unlabelled_corpus_are_refused() -> None:
    with pytest.raises(ValueError, match="unlabelled corpus of 1 examples"):
        _ = Corpus.of([A]).unlabelled().classes
    with pytest.raises(ValueError, match="unlabelled corpus of 0 examples"):
        _ = EMPTY.classes


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"corpus\.parquet: expected a corpus file, found none"):
        Corpus.load(tmp_path / "corpus.parquet")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.parquet"
    path.write_text("no parquet at all")
    with pytest.raises(ValueError, match=r"corpus\.parquet: not a corpus file \("):
        Corpus.load(path)
    for table in (pa.table({"word": ["a", "b"]}), pa.table({"word": pa.array([], pa.string())})):
        pq.write_table(table, path)
        with pytest.raises(ValueError, match=r"corpus\.parquet: not a corpus file \("):
            Corpus.load(path)


def test_a_repeated_id_in_a_file_is_refused_with_its_path(tmp_path: Path) -> None:
    row = {"id": "a", "language": "en", "texts": [["x"]], "classes": None}
    pq.write_table(pa.Table.from_pylist([row, row], schema=SCHEMA), tmp_path / "twice")
    with pytest.raises(ValueError, match=r"twice: not a corpus file \(the ids of a corpus must be distinct"):
        Corpus.load(tmp_path / "twice")
