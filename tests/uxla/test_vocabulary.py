"""Words and characters have the ids they should, and what is not known is unknown."""

import numpy as np
import pytest

from uxla.examples import Corpus, Example
from uxla.vocabulary import UNKNOWN, Vocabulary

SEEN = Corpus.of(
    [
        Example("1", "qaa", (("ab", "ba", "ab"),), (1, 0, 2)),
        Example("2", "qaa", ((),), ()),
        Example("3", "qaa", (("Ab", "c"),), (0, 3)),
    ]
)


def test_what_is_frequent_comes_first_and_ties_are_sorted() -> None:
    # Characters in running text: b four times, a three times, A and c once.
    assert Vocabulary.of(SEEN) == Vocabulary(("ab", "Ab", "ba", "c"), ("b", "a", "A", "c"))


def test_an_empty_corpus_has_an_empty_vocabulary() -> None:
    assert Vocabulary.of(Corpus.of([])) == Vocabulary((), ())


def test_sentences_are_flat_and_their_words_are_spelt_once() -> None:
    sentences = Vocabulary.of(SEEN).encode(SEEN)
    assert sentences.forms.tolist() == [0, 1, 0, 2, 3]
    assert sentences.starts.tolist() == [0, 3, 3, 5]
    assert sentences.lengths.tolist() == [3, 0, 2]
    assert sentences.words.tolist() == [1, 3, 2, 4]
    assert [spelling.tolist() for spelling in sentences.spellings] == [[2, 1], [1, 2], [3, 1], [4]]
    assert sentences.classes.tolist() == [1, 0, 2, 0, 3]


def test_other_words_and_characters_are_unknown() -> None:
    other = Corpus.of([Example("1", "qab", (("bab", "aß", "", "ab", "AB", "7"),))])
    sentences = Vocabulary.of(SEEN).encode(other)
    assert sentences.words.tolist() == [UNKNOWN, UNKNOWN, UNKNOWN, 1, UNKNOWN, UNKNOWN]
    spellings = [spelling.tolist() for spelling in sentences.spellings]
    assert spellings == [[1, 2, 1], [2, UNKNOWN], [UNKNOWN], [2, 1], [3, UNKNOWN], [UNKNOWN]]
    assert sentences.classes.tolist() == []


def test_an_empty_corpus_is_encoded() -> None:
    sentences = Vocabulary.of(SEEN).encode(Corpus.of([]))
    assert (sentences.starts.tolist(), sentences.spellings) == ([0], ())
    assert all(len(part) == 0 for part in (sentences.forms, sentences.words, sentences.lengths))
    assert sentences.forms.dtype == np.int64


def test_pairs_of_texts_are_refused() -> None:
    pair = Corpus.of([Example("en-1", "en", (("a",), ("b",)), (0,))])
    with pytest.raises(ValueError, match=r"^example en-1: expected 1 text, was: 2$"):
        Vocabulary.of(pair).encode(pair)


def test_labels_for_other_words_are_refused() -> None:
    short = Corpus.of([Example("en-1", "en", (("a", "b"),), (0,))])
    with pytest.raises(ValueError, match=r"^example en-1: expected 2 labels, was: 1$"):
        Vocabulary.of(short).encode(short)
