"""What a corpus holds is counted, and nothing gets lost without a reason."""

from benchmark.census import as_table, census
from benchmark.rows import Passed
from benchmark.sources import Reading
from uxla.examples import Corpus, Example
from uxla.tasks import TASKS


def sentences(split: str, *texts: str, labels: str = "") -> Corpus:
    """Sentences of words; a capital is the beginning of a person."""
    task = TASKS["xner"]
    return Corpus.of(
        Example(
            f"en-{split}-{i}",
            "en",
            (tuple(text.split()),),
            tuple(task.class_of("B-PER" if word.istitle() else "O") for word in text.split()),
        )
        for i, text in enumerate(texts)
    )


def reading(split: str, *texts: str, rows: int, n_outside: int = 0, **passed: int) -> Reading:
    return Reading(sentences(split, *texts), "commit", Passed(rows=rows, **passed), n_outside)


SPLITS = {
    "train": reading("train", "Ana sleeps", "Ana sleeps", "it rains", rows=9, n_outside=4, empty=2),
    "dev": reading("dev", "Ana sleeps", "she reads a book", rows=2),
    "test": reading("test", "nobody", rows=3, empty=1),
}


def test_sizes_lengths_and_labels_are_counted() -> None:
    dev = census(SPLITS, TASKS["xner"])["dev"]
    assert (dev["sentences"], dev["words"], dev["labels"]) == (2, 6, {"PER": 1})
    assert dev["words_by_quantile"] == {"0.0": 2, "0.25": 2.5, "0.5": 3, "0.75": 3.5, "0.95": 3.9, "1.0": 4}
    assert dev["revision"] == "commit"


def test_repetitions_are_counted_inside_and_across_splits() -> None:
    found = census(SPLITS, TASKS["xner"])
    assert {split: entry["repeated"] for split, entry in found.items()} == {"train": 1, "dev": 0, "test": 0}
    assert {split: entry["in_train"] for split, entry in found.items()} == {"train": 0, "dev": 1, "test": 0}


def test_a_row_that_is_nowhere_is_lost() -> None:
    found = census(SPLITS, TASKS["xner"])
    assert {split: entry["lost"] for split, entry in found.items()} == {"train": 0, "dev": 0, "test": 1}


def test_pairs_are_counted_by_their_labels() -> None:
    pairs = Corpus.of(
        Example(str(i), "en", (("a",), ("b", "c")), (label,)) for i, label in enumerate((0, 0, 2))
    )
    whole = Reading(pairs, "commit", Passed(rows=3))
    entry = census({"train": whole}, TASKS["xnli"])["train"]
    assert entry["labels"] == {"contradiction": 1, "entailment": 2}
    assert (entry["words"], entry["repeated"]) == (9, 2)


def test_long_texts_are_counted() -> None:
    long = Reading(sentences("train", "a " * 151, "a " * 150), "commit", Passed(rows=2))
    assert census({"train": long}, TASKS["xner"])["train"]["longer"] == 1


def test_the_table_has_a_line_for_every_split() -> None:
    lines = as_table({"en": census(SPLITS, TASKS["xner"])}).splitlines()
    assert len(lines) == 2 + len(SPLITS)
    assert [cell.strip() for cell in lines[3].split("|")][1:6] == ["en", "dev", "2", "6", "3"]
