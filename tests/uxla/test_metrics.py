"""Scores equal seqeval and hand counts, and follow from the counts of single sentences."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score

from uxla.examples import Corpus, Example
from uxla.metrics import accuracy, evaluate, span_counts, span_f1
from uxla.tasks import TASKS

XNER, PAWSX = TASKS["xner"], TASKS["pawsx"]

# Pairs (gold, predicted) of classes a word: any order of B-, I- and O, so illegal openings by I- too.
WORDS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=8)
SENTENCES = st.lists(WORDS, min_size=1, max_size=6)


def corpus(*classes: list[int]) -> Corpus:
    return Corpus.of(
        Example(f"s{i}", "en", (("word",) * len(row),), tuple(row)) for i, row in enumerate(classes)
    )


def pairs(*classes: int) -> Corpus:
    return Corpus.of(Example(f"p{i}", "en", (("a",), ("b",)), (c,)) for i, c in enumerate(classes))


def arrays(*classes: list[int]) -> list[np.ndarray]:
    return [np.array(row) for row in classes]


@given(SENTENCES)
@settings(deadline=None, max_examples=150)
def test_summed_counts_reproduce_span_f1_exactly(sentences: list[list[tuple[int, int]]]) -> None:
    gold = corpus(*([truth for truth, _ in sentence] for sentence in sentences))
    predicted = arrays(*([guess for _, guess in sentence] for sentence in sentences))
    correct, spans, true_spans = span_counts(XNER, gold, predicted).sum(axis=0).tolist()
    expected = evaluate(XNER, gold, predicted)
    assert expected["f1"] == pytest.approx(200 * correct / max(spans + true_spans, 1), abs=1e-12)
    assert expected["precision"] == pytest.approx(100 * correct / max(spans, 1), abs=1e-12)
    assert expected["recall"] == pytest.approx(100 * correct / max(true_spans, 1), abs=1e-12)


def test_span_scores_equal_seqeval() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-ORG"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["I-ORG", "B-ORG"]]
    assert span_f1(gold, predicted) == pytest.approx(
        {
            "precision": 100 * precision_score(gold, predicted),
            "recall": 100 * recall_score(gold, predicted),
            "f1": 100 * f1_score(gold, predicted),
        }
    )
    assert span_f1(gold, predicted)["f1"] == pytest.approx(100 * 2 * 2 / (4 + 3))


def test_an_i_that_no_span_precedes_opens_one() -> None:
    assert span_f1([["O", "B-LOC"]], [["O", "I-LOC"]])["f1"] == 100
    assert span_counts(XNER, corpus([0, 1, 2]), arrays([0, 2, 4])).tolist() == [[0, 2, 1]]


def test_sequences_need_not_be_lists() -> None:
    assert span_f1((("B-LOC",),), (("B-LOC",),))["f1"] == 100


def test_no_span_at_all_scores_zero() -> None:
    assert evaluate(XNER, corpus([0, 0]), arrays([0, 0])) == {"precision": 0, "recall": 0, "f1": 0}


def test_example_labels_are_scored_by_accuracy() -> None:
    gold, predicted = pairs(0, 1, 1, 0), arrays([0], [1], [0], [0])
    assert evaluate(PAWSX, gold, predicted) == {"accuracy": 75.0}
    counts = span_counts(PAWSX, gold, predicted)
    assert counts.tolist() == [[1, 1, 1], [1, 1, 1], [0, 1, 1], [1, 1, 1]]
    assert 200 * counts[:, 0].sum() / counts[:, 1:].sum() == 75.0
    assert accuracy([0, 1], [0, 1]) == 100


@pytest.mark.parametrize("score", [evaluate, span_counts])
def test_refusals_name_the_example(score: Callable[..., object]) -> None:
    gold = corpus([0, 1], [0])
    with pytest.raises(ValueError, match="expected predictions for 2 examples, was: 1"):
        score(XNER, gold, arrays([0, 1]))
    with pytest.raises(ValueError, match="example s1: expected 1 predicted classes, was: 2"):
        score(XNER, gold, arrays([0, 1], [0, 0]))
    with pytest.raises(ValueError, match=r"example s0: .* xner must lie in \[0, 8\], was: -1"):
        score(XNER, gold, arrays([0, -1], [0]))
    with pytest.raises(ValueError, match="unlabelled corpus"):
        score(XNER, gold.unlabelled(), arrays([0, 1], [0]))
    with pytest.raises(ValueError, match="at least one example"):
        score(XNER, Corpus.of([]), [])
