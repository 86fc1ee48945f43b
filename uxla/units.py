"""Units of texts and fills, words or subwords, by numbers: masks are laid out as arrays (UXLA §2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uxla.batches import Bools, ranges
from uxla.encoding import Ints, Pieces
from uxla.examples import Words
from uxla.language_model import MaskedLanguageModel

_NONE, _UNSEEN = -1, -2
"""In place of the unit that a piece makes: there is none; not looked for yet."""


@dataclass(frozen=True, eq=False)
class Text:
    """A text in units: their numbers, and of each what may fill it and whether a space goes before it.

    All are of shape (n_units,). `begins` says whether a piece that begins a word may fill a unit, else one
    that continues a word.
    """

    units: Ints
    begins: Bools
    opens: Bools


class Units:
    """All units seen so far; the first one is the mask.

    A unit is a word with all of its pieces, or a single subword spelt as its word spells it.
    """

    def __init__(self, language_model: MaskedLanguageModel, *, of_words: bool) -> None:
        self._language_model = language_model
        self._of_words = of_words
        self._spellings: list[str] = []
        self._numbers: dict[tuple[str, int | None], int] = {}
        # The pieces of all units, one after the other, and those of units that are not among them yet.
        self._pieces, self._starts = np.empty(0, np.int64), np.zeros(1, np.int64)
        self._coming: list[Pieces] = []
        # The unit that a piece makes as a continuation (row 0) and as a word (row 1).
        self._filled = np.full((2, len(language_model.words)), _UNSEEN)
        self.mask = self._number("", language_model.mask)

    def split(self, text: Words) -> Text:
        """A unit for every word, or for every subword of it, unknown characters included."""
        model, encoder = self._language_model, self._language_model.encoder
        if self._of_words:
            words = [self._number(word) for word in text]
            all_true = np.ones(len(words), np.bool_)
            return Text(np.array(words, np.int64), all_true, all_true)
        subwords = [
            (self._number(spelling, piece), model.begins[piece], number == 0)
            for word in text
            for number, (piece, spelling) in enumerate(encoder.spelt(word))
        ]
        units, begins, opens = zip(*subwords, strict=True) if subwords else ((), (), ())
        return Text(np.array(units, np.int64), np.array(begins, np.bool_), np.array(opens, np.bool_))

    def spelt(self, units: Ints) -> list[str]:
        """The spelling of each unit."""
        return [self._spellings[unit] for unit in units.tolist()]

    def pieces(self, units: Ints) -> tuple[Ints, Ints]:
        """The pieces of units, one after the other, and how many each has."""
        if self._coming:
            more = np.fromiter((piece for pieces in self._coming for piece in pieces), np.int64)
            ends = self._starts[-1] + np.cumsum([len(pieces) for pieces in self._coming], dtype=np.int64)
            self._pieces, self._starts = np.append(self._pieces, more), np.append(self._starts, ends)
            self._coming = []
        starts, lengths = self._starts[units], self._starts[units + 1] - self._starts[units]
        return self._pieces[ranges(starts, lengths)], lengths

    def filled(self, pieces: Ints, begins: Bools, is_first: Bools) -> Ints:
        """The units that predicted pieces make, negative where a word would be lost or won.

        Shapes: all (n,). `begins` says whether a piece stands for a word or continues one, `is_first`
        whether it stands at the beginning of a text: there it has nothing that it could continue.
        """
        kinds = begins.astype(np.int64)
        self._look_up(kinds, pieces)
        units = self._filled[kinds, pieces]
        alone = np.flatnonzero(is_first & (units == _NONE))
        self._look_up(np.zeros_like(alone), pieces[alone])
        units[alone] = self._filled[0, pieces[alone]]
        return units

    def _look_up(self, kinds: Ints, pieces: Ints) -> None:
        model = self._language_model
        is_new = self._filled[kinds, pieces] == _UNSEEN
        for kind, texts in enumerate((model.continuations, model.words)):
            new = np.unique(pieces[is_new & (kinds == kind)]).tolist()
            if self._of_words:
                # A word is split like any other: its own segmentation need not be the piece predicted.
                model.encoder.learn(texts[piece] for piece in new if texts[piece])
            for piece in new:
                self._filled[kind, piece] = self._unit(texts[piece], piece)

    def _unit(self, spelling: str, piece: int) -> int:
        if not spelling:
            return _NONE
        return self._number(spelling, None if self._of_words else piece)

    def _number(self, spelling: str, piece: int | None = None) -> int:
        """That of a subword; without a piece that of a word, which has all of its pieces."""
        number = self._numbers.get((spelling, piece))
        if number is None:
            number = self._numbers[spelling, piece] = len(self._spellings)
            self._spellings.append(spelling)
            encoder = self._language_model.encoder
            self._coming.append(encoder.pieces(spelling) if piece is None else (piece,))
        return number


def joined(spellings: Sequence[str], opens: Bools) -> Words:
    """The words that spellings of units make, those that do not open a word appended to the one before."""
    words: list[str] = []
    for spelling, is_open in zip(spellings, opens.tolist(), strict=True):
        if is_open:
            words.append(spelling)
        else:
            words[-1] += spelling
    return tuple(words)
