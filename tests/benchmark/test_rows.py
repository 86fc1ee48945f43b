"""Rows of published files become examples, and a bad row is named by file and number."""

import re
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.rows import Passed, read_rows
from uxla.examples import Corpus
from uxla.tasks import TASKS

XNER, XNLI, PAWSX = TASKS["xner"], TASKS["xnli"], TASKS["pawsx"]


class Shelf:
    """A folder of Parquet files, one for every language that is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, language: str, rows: dict[str, list[Any]], features: Any = None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        table = datasets.Dataset.from_dict(rows, features=features).data.table
        pq.write_table(table, self.folder / f"{language}.parquet")

    def both(self, task: str, placeholder: str | None = None) -> tuple[Corpus, Passed]:
        path = self.folder / "en.parquet"
        return read_rows(path, TASKS[task], "en", "train", name="us/en.parquet", placeholder=placeholder)

    def read(self, task: str) -> Corpus:
        return self.both(task)[0]

    def complaint(self, task: str) -> str:
        """What is said about a file, in one line."""
        with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
            self.read(task)
        return str(caught.value)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def names(*labels: str, tokens: bool = True) -> Any:
    """Features of a dataset whose labels have names."""
    label = datasets.ClassLabel(names=list(labels))
    if tokens:
        return datasets.Features(
            {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(label)}
        )
    text = datasets.Value("string")
    return datasets.Features({"sentence1": text, "sentence2": text, "label": label})


def test_numbers_are_labels_in_the_order_of_the_task(shelf: Shelf) -> None:
    shelf.put("en", {"id": ["0"], "tokens": [["Ana", "in", "Rome"]], "ner_tags": [[1, 0, 5]]})
    (example,) = shelf.read("xner")
    assert (example.id, example.language, example.texts) == ("en-train-00000", "en", (("Ana", "in", "Rome"),))
    assert [XNER.labels[c] for c in example.classes or ()] == ["B-PER", "O", "B-LOC"]


def test_named_labels_are_read_by_their_names(shelf: Shelf) -> None:
    """Public files may have their labels in another order than the task."""
    features = names("B-LOC", "O", "I-LOC", "B-PER")
    shelf.put("en", {"tokens": [["Ana", "in", "New", "York"]], "ner_tags": [[3, 1, 0, 2]]}, features)
    (example,) = shelf.read("xner")
    assert [XNER.labels[c] for c in example.classes or ()] == ["B-PER", "O", "B-LOC", "I-LOC"]


def test_names_that_are_numbers_stand_for_the_order_of_the_task(shelf: Shelf) -> None:
    """As in the public files of PAWS-X."""
    rows = {"sentence1": ["a b", "c"], "sentence2": ["b a", "d"], "label": [1, 0]}
    shelf.put("en", rows, names("0", "1", tokens=False))
    assert [[PAWSX.labels[c] for c in e.classes or ()] for e in shelf.read("pawsx")] == [
        ["paraphrase"],
        ["different"],
    ]


def test_an_unknown_name_is_refused_with_its_file(shelf: Shelf) -> None:
    shelf.put("en", {"tokens": [["Ana"]], "ner_tags": [[1]]}, names("O", "B-DATE"))
    assert re.fullmatch(
        r"us/en\.parquet: a label of task xner must be one of O, .*, was: 'B-DATE'",
        shelf.complaint("xner"),
    )


def test_pairs_are_two_texts_of_words(shelf: Shelf) -> None:
    shelf.put("en", {"premise": ["A man  sleeps."], "hypothesis": ["He rests."], "label": [0]})
    (example,) = shelf.read("xnli")
    assert example.texts == (("A", "man", "sleeps."), ("He", "rests."))
    assert example.classes == (XNLI.class_of("entailment"),)


WORD = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(lambda w: w.split() == [w])
TEXT = st.lists(WORD, max_size=5)
SPACE = st.sampled_from([" ", "  ", "\t", "\n", "\u00a0", "\u3000"])


@given(rows=st.lists(st.tuples(TEXT, TEXT, st.integers(0, 2), SPACE), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_any_pairs_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[list[str], list[str], int, str]]
) -> None:
    rows = [*rows, (["a"], ["b"], 0, " ")]
    shelf = Shelf(tmp_path_factory.mktemp("pairs"))
    columns = ("premise", "hypothesis", "label")
    cells = [(space.join(first), space.join(second), label) for first, second, label, space in rows]
    shelf.put("en", dict(zip(columns, map(list, zip(*cells, strict=True)), strict=True)))
    corpus, passed = shelf.both("xnli")
    whole = [(tuple(a), tuple(b), label) for a, b, label, _ in rows if a and b]
    assert [(*e.texts, *(e.classes or ())) for e in corpus] == whole
    assert (passed.rows, passed.empty) == (len(rows), len(rows) - len(whole))


@given(rows=st.lists(st.lists(st.tuples(WORD, st.integers(0, 8)), max_size=5), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_any_tagged_sentences_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[tuple[str, int]]]
) -> None:
    rows = [*rows, [("a", 0)]]
    shelf = Shelf(tmp_path_factory.mktemp("words"))
    shelf.put(
        "en", {"tokens": [[w for w, _ in row] for row in rows], "ner_tags": [[t for _, t in r] for r in rows]}
    )
    corpus, passed = shelf.both("xner")
    whole = [row for row in rows if row]
    assert [list(zip(*e.texts, e.classes or (), strict=True)) for e in corpus] == whole
    assert (passed.rows, passed.empty) == (len(rows), len(rows) - len(whole))


@pytest.mark.slow
def test_a_damaged_file_is_read_as_it_was_or_named(shelf: Shelf) -> None:
    shelf.put("en", {"tokens": [["Ana", "in", "Rome"]] * 50, "ner_tags": [[1, 0, 5]] * 50})
    path = shelf.folder / "en.parquet"
    intact, random = path.read_bytes(), np.random.default_rng(1)
    whole, complaints, different = shelf.read("xner").digest, [], 0
    for _ in range(500):
        damaged = bytearray(intact)
        match random.integers(3):
            case 0:
                damaged[random.integers(len(damaged))] ^= 1 << random.integers(8)
            case 1:
                del damaged[random.integers(len(damaged)) :]
            case _:
                at = random.integers(len(damaged))
                damaged[at:at] = random.bytes(random.integers(1, 30))
        path.write_bytes(damaged)
        try:
            found = shelf.read("xner")
        except ValueError as error:
            complaints.append(str(error))
        else:
            assert {e.language for e in found} == {"en"}
            assert len(found) <= 50
            different += found.digest != whole
    assert all(re.fullmatch(r"[^\n]*en\.parquet[^\n]*", line) for line in complaints)
    assert len(complaints) + different > 350


def test_rows_without_words_are_passed_over_and_the_others_keep_their_numbers(shelf: Shelf) -> None:
    rows = {"premise": ["a", "", "b", None], "hypothesis": ["x", "y", " ", "z"], "label": [0, 1, 2, 0]}
    rows = {name: [*cells, last] for (name, cells), last in zip(rows.items(), ("c", "w", 1), strict=True)}
    shelf.put("en", rows)
    assert shelf.read("xnli").ids == ["en-train-00000", "en-train-00004"]


@pytest.mark.parametrize(
    ("task", "rows", "expected"),
    [
        (
            "xner",
            {"tokens": [["a"], ["b"]], "ner_tags": [[0], [9]]},
            ": row 1: a label must lie in 0 to 8, was: [9]",
        ),
        ("xner", {"tokens": [["a"]], "ner_tags": [[-1]]}, ": row 0: a label must lie in 0 to 8, was: [-1]"),
        ("wikiann", {"tokens": [["a"]], "ner_tags": [[7]]}, ": row 0: a label must lie in 0 to 6, was: [7]"),
        (
            "xner",
            {"tokens": [["a"], ["b", "c"]], "ner_tags": [[0], [0]]},
            ": row 1: expected a label for each of 2, was: 1 labels",
        ),
        ("xner", {"tokens": [["a"]], "ner_tags": [None]}, ": row 0: a label must lie in 0 to 8, was: None"),
        (
            "xner",
            {"tokens": [["a", None]], "ner_tags": [[0, 0]]},
            ": row 0: expected texts, was: [['a', None]]",
        ),
        ("xner", {"tokens": [[1]], "ner_tags": [[0]]}, ": row 0: expected texts, was: [[1]]"),
        (
            "xner",
            {"tokens": [["a"]], "tags": [[0]]},
            ": expected the columns tokens, ner_tags, missing: ['ner_tags']",
        ),
        ("xner", {"tokens": [[]], "ner_tags": [[]]}, ": expected at least one sentence, found none"),
        ("xner", {"tokens": [], "ner_tags": []}, ": expected at least one sentence, found none"),
        (
            "xnli",
            {"premise": ["a"], "hypothesis": ["b"], "label": [3]},
            ": row 0: a label must lie in 0 to 2, was: 3",
        ),
        (
            "xnli",
            {"premise": ["a"], "hypothesis": ["b"], "label": [-1]},
            ": row 0: a label must lie in 0 to 2, was: -1",
        ),
        (
            "pawsx",
            {"sentence1": ["a"], "sentence2": ["b"], "label": [0.5]},
            ": row 0: a label must lie in 0 to 1, was: 0.5",
        ),
        (
            "pawsx",
            {"premise": ["a"], "hypothesis": ["b"], "label": [1]},
            ": expected the columns sentence1, sentence2, label, missing: ['sentence1', 'sentence2']",
        ),
    ],
)
def test_a_bad_row_is_refused_with_file_and_number(
    shelf: Shelf, task: str, rows: dict[str, list[Any]], expected: str
) -> None:
    shelf.put("en", rows)
    assert shelf.complaint(task) == f"us/en.parquet{expected}"


def test_what_is_no_parquet_file_is_refused(shelf: Shelf) -> None:
    path = shelf.folder / "en.parquet"
    shelf.folder.mkdir()
    path.write_bytes(b"PAR1 and no more")
    assert shelf.complaint("xner").startswith(f"{path}: not a Parquet file (")


def test_a_pair_of_a_placeholder_is_passed_over_and_counted(shelf: Shelf) -> None:
    rows = {
        "id": [1, 2, 3],
        "sentence1": ["a b", "NS", "NS b"],
        "sentence2": ["b a", "c", "d"],
        "label": [1, 0, 1],
    }
    shelf.put("en", rows)
    corpus, passed = shelf.both("pawsx", placeholder="NS")
    assert corpus.ids == ["en-train-00001", "en-train-00003"]
    assert passed == Passed(rows=3, empty=0, placeholders=1)
    assert len(shelf.read("pawsx")) == 3


def test_pairs_are_numbered_as_published_where_they_are(shelf: Shelf) -> None:
    """So that the same number is the same pair in every language."""
    shelf.put("en", {"id": [7, 3], "sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [1, 0]})
    assert shelf.read("pawsx").ids == ["en-train-00007", "en-train-00003"]


def test_a_number_twice_is_refused(shelf: Shelf) -> None:
    shelf.put("en", {"id": [7, 7], "sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [1, 0]})
    assert shelf.complaint("pawsx") == "us/en.parquet: the ids of a corpus must be distinct, but some repeat"
