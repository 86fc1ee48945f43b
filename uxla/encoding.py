"""Words to subwords: rows of token ids, and the positions in them that carry a label (UXLA §2.1).

Every word is split on its own, so a word always gets the same pieces and each is split only once.
A sentence longer than the model takes is cut into several rows, none of its words is lost.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from uxla.examples import Corpus, Words
from uxla.tasks import Level, Task

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float32]]
Pieces = tuple[int, ...]


class WordEncoder:
    """Splits words into subword ids with a pretrained tokenizer, remembering what it has seen.

    Special tokens written out in a text (`<mask>`, `[SEP]`) are split like any other word, or
    unknown: they never act as special tokens.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._backend.encode_special_tokens = True
        self._backend.no_padding()
        self._backend.no_truncation()
        self._known: dict[str, Pieces] = {}
        self.unknown = int(tokenizer.unk_token_id)
        self.padding = int(tokenizer.pad_token_id)
        self._special = frozenset(tokenizer.all_special_ids)
        self.before, self.between, self.after = _frame(tokenizer)

    def learn(self, words: Iterable[str]) -> None:
        """Split all words not seen before in one batch."""
        new = sorted({word for word in words if word not in self._known})
        encodings = self._backend.encode_batch(new, add_special_tokens=False)
        for word, encoding in zip(new, encodings, strict=True):
            # A Unigram model has the special tokens among its pieces and finds them in a text.
            ids = (self.unknown if index in self._special else index for index in encoding.ids)
            self._known[word] = tuple(ids) or (self.unknown,)

    def pieces(self, word: str) -> Pieces:
        """Subword ids of one word; a word that splits into nothing gives the unknown token."""
        if word not in self._known:
            self.learn([word])
        return self._known[word]

    def spelt(self, word: str) -> list[tuple[int, str]]:
        """Each subword id of one word with the characters of the word that it stands for."""
        offsets = self._backend.encode(word, add_special_tokens=False).offsets
        starts = [0, *(begin for begin, _ in offsets[1:]), len(word)]
        spellings = [word[begin:end] for begin, end in pairwise(starts)]
        return list(zip(self.pieces(word), spellings, strict=True))

    def frame(self, texts: Sequence[Sequence[int]]) -> tuple[list[int], int]:
        """Ids of one or two texts with the special tokens around them, and where the second begins."""
        row = [*self.before, *texts[0]]
        if len(texts) == 1:
            return [*row, *self.after], len(row) + len(self.after)
        row += self.between
        # BERT counts the first separator to the first text; XLM-R has no segments at all.
        return [*row, *texts[1], *self.after], len(row)


@lru_cache(maxsize=2)
def word_encoder(tokenizer: PreTrainedTokenizerFast) -> WordEncoder:
    """The encoder of a tokenizer, one for all models that share it: a word is split once for all of them."""
    return WordEncoder(tokenizer)


@dataclass(frozen=True)
class Rows:
    """Encoded rows, flat: row r has the ids `ids[starts[r]:starts[r + 1]]`.

    `marks[mark_starts[r]:mark_starts[r + 1]]` are the positions in row r that carry a label,
    `labels` (as long as `marks`) their classes, or distributions over classes (n_marks, n_classes),
    empty when unlabelled; `examples[r]` is the example a row belongs to, `second[r]` the position
    where its second text begins.
    """

    ids: Ints
    starts: Ints
    marks: Ints
    mark_starts: Ints
    examples: Ints
    second: Ints
    labels: Ints | Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        """Number of subwords of each row, special tokens included."""
        return np.diff(self.starts)

    def n_marks(self, chosen: Ints) -> Ints:
        """Number of labelled positions of each of some rows; asked for a batch, it looks at no others."""
        return self.mark_starts[chosen + 1] - self.mark_starts[chosen]


def encode(corpus: Corpus, task: Task, encoder: WordEncoder, *, max_length: int) -> Rows:
    """Encode a corpus; the rows of one example follow each other in the order of its words.

    Raises:
        ValueError: an example has another number of texts or labels than the task wants, or
            `max_length` leaves no room for text.
    """
    room = max_length - len(encoder.frame([[]] * task.n_texts)[0])
    if room < 1:
        raise ValueError(f"max_length must exceed the {max_length - room} special tokens, was: {max_length}")
    encoder.learn(_vocabulary(corpus))
    # Arrays of machine words: lists of millions of Python integers would take ten times the memory.
    ids, starts, marks, mark_starts = _array(), _array(0), _array(), _array(0)
    examples, second, classes = _array(), _array(), _array()
    for index, example in enumerate(corpus):
        if len(example.texts) != task.n_texts:
            n_texts = len(example.texts)
            raise ValueError(f"example {example.id}: expected {task.n_texts} texts, was: {n_texts}")
        n_before = len(marks)
        for row, row_marks, begin in _rows(example.texts, task, encoder, room):
            ids.extend(row)
            marks.extend(row_marks)
            starts.append(len(ids))
            mark_starts.append(len(marks))
            examples.append(index)
            second.append(begin)
        labels, n_marks = example.classes, len(marks) - n_before
        if labels is not None and len(labels) != n_marks:
            raise ValueError(f"example {example.id}: expected {n_marks} labels, was: {len(labels)}")
        classes.extend(labels or ())
    parts = (ids, starts, marks, mark_starts, examples, second, classes)
    return Rows(*(np.array(part, np.int64) for part in parts))


def _array(*values: int) -> "array[int]":
    return array("q", values)


def _vocabulary(corpus: Corpus) -> set[str]:
    flat = corpus.table["texts"].combine_chunks().flatten().flatten()
    return set(flat.unique().to_pylist())


def _rows(
    texts: tuple[Words, ...], task: Task, encoder: WordEncoder, room: int
) -> Iterator[tuple[list[int], list[int], int]]:
    """One row after the other: its ids, its labelled positions, where its second text begins."""
    split = [[encoder.pieces(word) for word in text] for text in texts]
    if task.level is Level.EXAMPLE:
        row, begin = encoder.frame(_shortened([[i for p in text for i in p] for text in split], room))
        yield row, [0], begin
        return
    for window in _windows([pieces[:room] for pieces in split[0]], room):
        row, begin = encoder.frame([[i for pieces in window for i in pieces]])
        ends = accumulate((len(pieces) for pieces in window), initial=len(encoder.before))
        yield row, list(ends)[:-1], begin


def _windows(words: list[Pieces], room: int) -> Iterator[list[Pieces]]:
    """Cut a sentence into few rows of at most `room` subwords, of about equal size."""
    total = sum(map(len, words))
    if total <= room:
        yield words
        return
    target = total / -(-total // room)
    window: list[Pieces] = []
    size = 0
    for pieces in words:
        if window and (size + len(pieces) > room or size >= target):
            yield window
            window, size = [], 0
        window.append(pieces)
        size += len(pieces)
    yield window


def _shortened(texts: list[list[int]], room: int) -> list[list[int]]:
    """Cut the longer of two texts until both fit."""
    excess = sum(map(len, texts)) - room
    if excess <= 0 or len(texts) == 1:
        return [text[:room] for text in texts]
    first, second = map(len, texts)
    kept = min(first, max(room // 2, room - second))
    return [texts[0][:kept], texts[1][: room - kept]]


def _frame(tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int], list[int]]:
    """The special tokens before, between and after two texts, read off an encoded pair."""
    pair = tokenizer("a", "b")["input_ids"]
    special = [index in tokenizer.all_special_ids and index != tokenizer.unk_token_id for index in pair]
    first = special.index(False)
    last = len(special) - special[::-1].index(False)
    middle = [i for i, is_special in enumerate(special) if is_special and first < i < last]
    return pair[:first], [pair[i] for i in middle], pair[last:]
