"""Words and characters as the LSTM-CRF reads them: numbered by a training corpus, unknown elsewhere."""

from array import array
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from uxla.examples import Corpus

Ints = np.ndarray[Any, np.dtype[np.int64]]

UNKNOWN = 0
"""Id of every word, and of every character, that is not in the vocabulary."""


@dataclass(frozen=True)
class Sentences:
    """A corpus of single texts, flat: sentence i has the words `forms[starts[i]:starts[i + 1]]`.

    A form is one of the distinct words of this corpus: form f is word `words[f]` of the vocabulary and has
    the characters `spellings[f]`, at least one. `classes` are as long as `forms`, empty when unlabelled.
    """

    forms: Ints
    starts: Ints
    words: Ints
    spellings: tuple[Ints, ...]
    classes: Ints

    @property
    def lengths(self) -> Ints:
        """Number of words of each sentence."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Vocabulary:
    """The words and the characters that have an id: their place in these, counted from 1.

    Words are taken as they are written: neither case nor digits are folded.
    """

    words: tuple[str, ...]
    characters: tuple[str, ...]

    @classmethod
    def of(cls, corpus: Corpus) -> "Vocabulary":
        """All words and characters of a corpus, the most frequent first."""
        words = Counter(word for example in corpus for text in example.texts for word in text)
        characters = Counter[str]()
        for word, count in words.items():
            characters.update({character: word.count(character) * count for character in set(word)})
        return cls(_ranked(words), _ranked(characters))

    def encode(self, corpus: Corpus) -> Sentences:
        """The words and characters of a corpus by their ids.

        Raises:
            ValueError: an example has not just one text, or not one label a word.
        """
        forms: dict[str, int] = {}
        flat, starts, classes = array("q"), array("q", [0]), array("q")
        for example in corpus:
            if len(example.texts) != 1:
                raise ValueError(f"example {example.id}: expected 1 text, was: {len(example.texts)}")
            (words,) = example.texts
            if example.classes is not None and len(example.classes) != len(words):
                n_labels = len(example.classes)
                raise ValueError(f"example {example.id}: expected {len(words)} labels, was: {n_labels}")
            flat.extend(forms.setdefault(word, len(forms)) for word in words)
            starts.append(len(flat))
            classes.extend(example.classes or ())
        ids = [self._word_ids.get(word, UNKNOWN) for word in forms]
        return Sentences(
            np.array(flat, np.int64),
            np.array(starts, np.int64),
            np.array(ids, np.int64),
            tuple(map(self._spelling, forms)),
            np.array(classes, np.int64),
        )

    def _spelling(self, word: str) -> Ints:
        # A word without characters is spelt like one unknown character: an LSTM must read something.
        ids = [self._character_ids.get(character, UNKNOWN) for character in word]
        return np.array(ids or [UNKNOWN], np.int64)

    @cached_property
    def _word_ids(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words, start=1)}

    @cached_property
    def _character_ids(self) -> dict[str, int]:
        return {character: index for index, character in enumerate(self.characters, start=1)}


def _ranked(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda key: (-counts[key], key)))
