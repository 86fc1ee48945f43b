"""Rows hold the ids that the tokenizer gives, lose no word, and mark what carries a label."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from uxla.encoding import Rows, WordEncoder, encode, word_encoder
from uxla.examples import Corpus, Example
from uxla.tasks import TASKS

XNER, XNLI = TASKS["xner"], TASKS["xnli"]

WORDS = st.text("aeiouklmnst.<>mask ", min_size=1, max_size=12).map(lambda word: word.replace(" ", "") or "a")


@pytest.fixture(scope="module", params=["encoder_folder", "bert_folder"])
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def encoder(tokenizer: PreTrainedTokenizerFast) -> WordEncoder:
    return WordEncoder(tokenizer)


@pytest.fixture(scope="module")
def xlmr(encoder_folder: Path) -> WordEncoder:
    return WordEncoder(AutoTokenizer.from_pretrained(encoder_folder))


def sentence(*words: str) -> Corpus:
    return Corpus.of([Example("s", "en", (words,))])


def pair(first: str, second: str) -> Corpus:
    return Corpus.of([Example("p", "en", (tuple(first.split()), tuple(second.split())))])


def ids(rows: Rows, row: int) -> list[int]:
    return rows.ids[rows.starts[row] : rows.starts[row + 1]].tolist()


def marks(rows: Rows, row: int) -> list[int]:
    return rows.marks[rows.mark_starts[row] : rows.mark_starts[row + 1]].tolist()


def test_sentences_get_the_ids_of_the_tokenizer(
    tokenizer: PreTrainedTokenizerFast, encoder: WordEncoder, xner: Corpus
) -> None:
    rows = encode(xner, XNER, encoder, max_length=512)
    assert len(rows) == len(xner)
    for row, example in enumerate(xner):
        expected = tokenizer(list(example.texts[0]), is_split_into_words=True)
        assert ids(rows, row) == expected["input_ids"]


def test_the_first_subword_of_each_word_is_marked(
    tokenizer: PreTrainedTokenizerFast, encoder: WordEncoder, xner: Corpus
) -> None:
    rows = encode(xner, XNER, encoder, max_length=512)
    for row, example in enumerate(xner):
        words = tokenizer(list(example.texts[0]), is_split_into_words=True).word_ids()
        assert marks(rows, row) == [words.index(word) for word in range(len(example.texts[0]))]
    assert rows.labels.tolist() == [index for classes in xner.classes for index in classes]


def test_pairs_get_the_ids_of_the_tokenizer_and_mark_their_first_token(
    tokenizer: PreTrainedTokenizerFast, encoder: WordEncoder, xnli: Corpus
) -> None:
    rows = encode(xnli, XNLI, encoder, max_length=512)
    for row, example in enumerate(xnli):
        assert ids(rows, row) == tokenizer(*map(" ".join, example.texts))["input_ids"]
        assert marks(rows, row) == [0]
    assert rows.labels.tolist() == [example.classes[0] for example in xnli if example.classes]


def test_special_tokens_in_a_text_are_words_like_others(
    tokenizer: PreTrainedTokenizerFast, encoder: WordEncoder
) -> None:
    words = (tokenizer.mask_token, tokenizer.sep_token, f"x{tokenizer.pad_token}y", tokenizer.cls_token)
    rows = encode(sentence(*words), XNER, encoder, max_length=512)
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    assert not special & set(ids(rows, 0)[1:-1])
    assert len(marks(rows, 0)) == 4


@pytest.mark.parametrize("nothing", ["", "\u00a0", "\u3000"])
def test_a_word_that_splits_into_nothing_is_unknown_and_keeps_its_place(
    encoder: WordEncoder, nothing: str
) -> None:
    rows = encode(sentence("a", nothing, "a"), XNER, encoder, max_length=512)
    _, second, _ = marks(rows, 0)
    assert ids(rows, 0)[second] == encoder.unknown
    assert encoder.pieces(nothing) == (encoder.unknown,)


def test_a_word_has_the_same_pieces_wherever_it_stands(encoder: WordEncoder) -> None:
    encoder.learn(["town", "town", "old"])
    assert encoder.pieces("town") == encoder.pieces("town")
    rows = encode(sentence("town", "old", "town"), XNER, encoder, max_length=512)
    assert ids(rows, 0)[1:-1] == [*encoder.pieces("town"), *encoder.pieces("old"), *encoder.pieces("town")]


@given(st.lists(st.lists(WORDS, max_size=30), max_size=4), st.integers(3, 40))
@settings(deadline=None, max_examples=60)
def test_every_word_is_marked_exactly_once_however_short_the_rows(
    xlmr: WordEncoder, sentences: list[list[str]], max_length: int
) -> None:
    corpus = Corpus.of(Example(str(i), "en", (tuple(words),)) for i, words in enumerate(sentences))
    rows = encode(corpus, XNER, xlmr, max_length=max_length)
    assert all(rows.lengths <= max_length)
    for index, words in enumerate(sentences):
        own = np.flatnonzero(rows.examples == index)
        firsts = [ids(rows, row)[mark] for row in own for mark in marks(rows, row)]
        assert firsts == [xlmr.pieces(word)[0] for word in words]
        inner = [piece for row in own for piece in ids(rows, row)[1:-1]]
        assert inner == [piece for word in words for piece in xlmr.pieces(word)[: max_length - 2]]
    assert rows.examples.tolist() == sorted(rows.examples)


def test_a_long_sentence_is_cut_into_rows_of_about_equal_size(xlmr: WordEncoder) -> None:
    rows = encode(sentence(*["."] * 18), XNER, xlmr, max_length=2 + 8)
    assert np.diff(rows.mark_starts).tolist() == [6, 6, 6]


def test_a_word_longer_than_a_row_is_cut_not_dropped(xlmr: WordEncoder) -> None:
    rows = encode(sentence("a", "k" * 30, "a"), XNER, xlmr, max_length=6)
    assert len(rows.marks) == 3
    assert max(rows.lengths) == 6


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 20))
@settings(deadline=None)
def test_the_longer_text_of_a_pair_is_cut_first(
    xlmr: WordEncoder, first: int, second: int, room: int
) -> None:
    assert len(xlmr.pieces(".")) == 1
    rows = encode(pair(". " * first, ". " * second), XNLI, xlmr, max_length=room + 4)
    inner = int(rows.second[0]) - 3, int(rows.lengths[0] - rows.second[0]) - 1
    assert sum(inner) == min(room, first + second)
    for kept, whole in zip(inner, (first, second), strict=True):
        # A text is cut only down to half of the room.
        assert kept == whole or kept >= room // 2
    assert abs(inner[0] - inner[1]) <= 1 or inner[0] == first or inner[1] == second


def test_cut_pairs_equal_the_truncation_of_the_tokenizer(
    tokenizer: PreTrainedTokenizerFast, encoder: WordEncoder
) -> None:
    texts = "the old town is full of people " * 3, "nobody is here today at all"
    for first, second in (texts, texts[::-1], (texts[0], texts[0])):
        n_special = tokenizer.num_special_tokens_to_add(pair=True)
        expected = tokenizer(first, second, truncation=True, max_length=n_special + 20)["input_ids"]
        rows = encode(pair(first, second), XNLI, encoder, max_length=n_special + 20)
        assert ids(rows, 0) == expected


def test_the_second_text_begins_where_segments_change(bert_folder: Path, xnli: Corpus) -> None:
    tokenizer = AutoTokenizer.from_pretrained(bert_folder)
    rows = encode(xnli, XNLI, WordEncoder(tokenizer), max_length=512)
    for row, example in enumerate(xnli):
        segments = tokenizer(*map(" ".join, example.texts))["token_type_ids"]
        assert rows.second[row] == segments.index(1)


def test_an_empty_sentence_is_a_row_without_marks(xlmr: WordEncoder) -> None:
    rows = encode(sentence(), XNER, xlmr, max_length=10)
    assert (len(rows), rows.lengths.tolist(), rows.marks.tolist()) == (1, [2], [])


def test_an_empty_corpus_has_no_rows(encoder: WordEncoder) -> None:
    for task in (XNER, XNLI):
        rows = encode(Corpus.of([]), task, encoder, max_length=10)
        assert (len(rows), rows.starts.tolist(), rows.marks.tolist(), rows.labels.tolist()) == (
            0,
            [0],
            [],
            [],
        )


def test_unlabelled_rows_have_no_classes(xlmr: WordEncoder, xner: Corpus) -> None:
    rows = encode(xner.unlabelled(), XNER, xlmr, max_length=40)
    assert len(rows.labels) == 0 < len(rows.marks)


def test_spellings_put_together_are_the_word(xlmr: WordEncoder) -> None:
    for word in ("sleeps", "Xyz<mask>", ".", "\u00a0", ""):
        pieces = xlmr.spelt(word)
        assert tuple(piece for piece, _ in pieces) == xlmr.pieces(word)
        assert "".join(spelling for _, spelling in pieces) == word


def test_another_number_of_texts_is_refused(xlmr: WordEncoder) -> None:
    with pytest.raises(ValueError, match="example s: expected 2 texts, was: 1"):
        encode(sentence("a"), XNLI, xlmr, max_length=10)


def test_labels_of_another_length_are_refused_though_the_sum_fits(xlmr: WordEncoder) -> None:
    corpus = Corpus.of([Example("x", "en", (("a", "b"),), (0,)), Example("y", "en", (("a",),), (0, 0))])
    with pytest.raises(ValueError, match="example x: expected 2 labels, was: 1"):
        encode(corpus, XNER, xlmr, max_length=10)


def test_rows_without_room_for_text_are_refused(xlmr: WordEncoder) -> None:
    with pytest.raises(ValueError, match="max_length must exceed the 2 special tokens, was: 2"):
        encode(sentence("a"), XNER, xlmr, max_length=2)
    with pytest.raises(ValueError, match="max_length must exceed the 4 special tokens, was: 3"):
        encode(pair("a", "b"), XNLI, xlmr, max_length=3)


def test_models_of_one_tokenizer_share_what_was_split(tokenizer: PreTrainedTokenizerFast) -> None:
    assert word_encoder(tokenizer) is word_encoder(tokenizer)
