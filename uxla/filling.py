"""Filling masks one at a time, thousands of copies of sentences in lock-step (UXLA §2.2)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import torch

from uxla.batches import attention, length_buckets, padded
from uxla.devices import fetch, send
from uxla.encoding import Ints, Pieces
from uxla.examples import Words
from uxla.language_model import MaskedLanguageModel

AT_ONCE = {"cpu": 8192, "cuda": 32768}
"""Copies of which one mask is filled together: more of them make larger batches of like length."""


class Segment(NamedTuple):
    """One unit of a text: a word or a single subword.

    `begins` says whether a piece that begins a word may fill it, else one that continues a word;
    `opens` whether a space goes before it.
    """

    pieces: Pieces
    spelling: str
    begins: bool
    opens: bool


class Copy:
    """One copy of a text on its way: its units, and the positions still to be filled, the next one first."""

    def __init__(self, units: list[Segment], positions: Sequence[int], *, of_words: bool) -> None:
        self.units = units
        self.positions = deque(positions)
        self._pieces = [unit.pieces for unit in units]
        self.is_dropped = False
        self._of_words = of_words

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be filled, or the copy is lost."""
        return self.is_dropped or not self.positions

    def masked(self, language_model: MaskedLanguageModel, *, longest: int) -> tuple[list[int], int]:
        """Ids of the text with the next position masked, `longest` at most, and where the mask is."""
        position, encoder = self.positions[0], language_model.encoder
        left = list(chain.from_iterable(self._pieces[:position]))
        right = list(chain.from_iterable(self._pieces[position + 1 :]))
        room = longest - len(encoder.before) - len(encoder.after) - 1
        if len(left) + len(right) > room:
            # As much on either side as fits, what one side does not need going to the other.
            n_left = min(len(left), max(room // 2, room - len(right)))
            left, right = left[len(left) - n_left :], right[: room - n_left]
        row = [*encoder.before, *left, language_model.mask, *right, *encoder.after]
        return row, len(encoder.before) + len(left)

    def fill(self, piece: int, language_model: MaskedLanguageModel) -> None:
        """Put the predicted piece at the next position; drop the copy if a word is lost or won by it."""
        position = self.positions.popleft()
        unit = self.units[position]
        spelling = language_model.words[piece] if unit.begins else language_model.continuations[piece]
        if not spelling and position == 0:
            # Nothing stands before it that it could continue.
            spelling = language_model.continuations[piece]
        if not spelling:
            self.is_dropped = True
            return
        # A word is split like any other: its own segmentation need not be the piece that was predicted.
        pieces = language_model.encoder.pieces(spelling) if self._of_words else (piece,)
        self.units[position] = Segment(pieces, spelling, unit.begins, unit.opens)
        self._pieces[position] = pieces

    @property
    def words(self) -> Words:
        """The words of the text as it stands."""
        words: list[str] = []
        for unit in self.units:
            if unit.opens:
                words.append(unit.spelling)
            else:
                words[-1] += unit.spelling
        return tuple(words)


def word_units(text: Words, language_model: MaskedLanguageModel) -> list[Segment]:
    """A unit for every word."""
    return [Segment(language_model.encoder.pieces(word), word, begins=True, opens=True) for word in text]


def subword_units(text: Words, language_model: MaskedLanguageModel) -> list[Segment]:
    """A unit for every subword, spelt as the word spells it, unknown characters included."""
    return [
        Segment((piece,), spelling, begins=language_model.begins[piece], opens=number == 0)
        for word in text
        for number, (piece, spelling) in enumerate(language_model.encoder.spelt(word))
    ]


def fill_copies(
    copies: Iterable[Copy],
    language_model: MaskedLanguageModel,
    *,
    any_piece: bool,
    token_budget: int,
) -> Iterator[int]:
    """Fill all masks of all copies in place, round by round, and yield the number of fills of each round.

    A round fills one mask of many copies; one that is done makes room for the next of `copies`.
    Unless `any_piece`, a unit that begins a word is filled by a piece that does, and one that
    continues a word by one that does: the number of words stays.
    """
    barred = None if any_piece else _barred(language_model)
    language_model.network.eval()  # type: ignore[no-untyped-call]
    # A GPU computes one round while the host lays out the next.
    device = language_model.device.type
    ahead, at_once = 1 if device == "cpu" else 2, AT_ONCE[device]
    coming, waiting, running = iter(copies), deque[Copy](), deque[_Round]()
    while True:
        missing = max(0, at_once - len(waiting))
        waiting.extend(islice((copy for copy in coming if not copy.is_done), missing))
        if waiting and len(running) < ahead:
            some = [waiting.popleft() for _ in range(min(at_once, len(waiting)))]
            running.append(_begin(some, language_model, barred, token_budget))
        elif running:
            done = running.popleft()
            for copy, piece in zip(done.copies, done.pieces().tolist(), strict=True):
                copy.fill(piece, language_model)
            waiting.extend(copy for copy in done.copies if not copy.is_done)
            yield len(done.copies)
        else:
            return


class _Round(NamedTuple):
    """Copies, and what waits for the pieces for their next positions, in the order of the copies."""

    copies: list[Copy]
    pieces: Callable[[], torch.Tensor]


def _begin(
    copies: Sequence[Copy],
    language_model: MaskedLanguageModel,
    barred: torch.Tensor | None,
    token_budget: int,
) -> _Round:
    """Have the next position of every copy predicted."""
    encoder, device, longest = language_model.encoder, language_model.device, language_model.max_length
    rows = [copy.masked(language_model, longest=longest) for copy in copies]
    kinds = np.array([copy.units[copy.positions[0]].begins for copy in copies], np.int64)
    order, pieces = list[int](), list[torch.Tensor]()
    for chosen in length_buckets([len(row) for row, _ in rows], token_budget=token_budget):
        ids, attended = padded([rows[i][0] for i in chosen], padding=encoder.padding)
        where = np.array([rows[i][1] for i in chosen])
        with torch.inference_mode():
            places = (send(np.arange(len(chosen)), device), send(where, device))
            bars = _bars(barred, kinds[chosen])
            pieces.append(language_model.best(send(ids, device), attention(attended, device), places, bars))
        order += chosen.tolist()
    return _Round([copies[i] for i in order], fetch(torch.cat(pieces)))


def _bars(barred: torch.Tensor | None, kinds: Ints) -> torch.Tensor | None:
    """The barred pieces of every position, or one row of them for all where all are alike."""
    if barred is None:
        return None
    if (kinds == kinds[0]).all():
        return barred[int(kinds[0]), None]
    return barred[send(kinds, barred.device)]


def _barred(language_model: MaskedLanguageModel) -> torch.Tensor:
    """Which pieces may not continue a word (row 0) and which may not begin one (row 1)."""
    table = [[not text for text in texts] for texts in (language_model.continuations, language_model.words)]
    return torch.tensor(table, device=language_model.device)
