"""Filling masks one at a time, all copies of all sentences in lock-step (UXLA §2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from uxla.batches import length_buckets, padded
from uxla.encoding import Pieces
from uxla.examples import Words
from uxla.language_model import MaskedLanguageModel


@dataclass(frozen=True)
class Segment:
    """One unit of a text: a word or a single subword.

    `begins` says whether a piece that begins a word may fill it, else one that continues a word;
    `opens` whether a space goes before it.
    """

    pieces: Pieces
    spelling: str
    begins: bool
    opens: bool


class Copy:
    """One copy of a text on its way: its units, and the positions still to be filled."""

    def __init__(self, units: list[Segment], positions: Sequence[int], *, of_words: bool) -> None:
        self.units = units
        self.positions = list(positions)
        self.is_dropped = False
        self._of_words = of_words

    def masked(self, position: int, language_model: MaskedLanguageModel) -> tuple[list[int], int]:
        """Ids of the text with one unit masked, cut to what the model takes, and where the mask is."""
        left = [i for unit in self.units[:position] for i in unit.pieces]
        right = [i for unit in self.units[position + 1 :] for i in unit.pieces]
        frame = language_model.encoder.frame([[]])[0]
        room = language_model.max_length - len(frame) - 1
        if len(left) + len(right) > room:
            # As much on either side as fits, what one side does not need going to the other.
            n_left = min(len(left), max(room // 2, room - len(right)))
            left, right = left[len(left) - n_left :], right[: room - n_left]
        row, _ = language_model.encoder.frame([[*left, language_model.mask, *right]])
        return row, len(language_model.encoder.before) + len(left)

    def fill(self, position: int, piece: int, language_model: MaskedLanguageModel) -> None:
        """Put the predicted piece in the place of a unit; drop the copy if a word is lost or won by it."""
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
    copies: Sequence[Copy], language_model: MaskedLanguageModel, *, any_piece: bool, token_budget: int
) -> int:
    """Fill all masks of all copies in place and return the number of fills.

    Unless `any_piece`, a unit that begins a word is filled by a piece that does, and one that
    continues a word by one that does: the number of words stays.
    """
    allowed = _allowed(language_model)
    language_model.network.eval()  # type: ignore[no-untyped-call]
    n_fills = 0
    for step in range(max((len(copy.positions) for copy in copies), default=0)):
        alive = [copy for copy in copies if step < len(copy.positions) and not copy.is_dropped]
        n_fills += len(alive)
        with torch.inference_mode():
            _fill_step(alive, step, language_model, None if any_piece else allowed, token_budget)
    return n_fills


def _fill_step(
    copies: Sequence[Copy],
    step: int,
    language_model: MaskedLanguageModel,
    allowed: torch.Tensor | None,
    token_budget: int,
) -> None:
    """Fill the mask number `step` of every copy."""
    rows = [copy.masked(copy.positions[step], language_model) for copy in copies]
    begins = np.array([copy.units[copy.positions[step]].begins for copy in copies])
    for chosen in length_buckets([len(row) for row, _ in rows], token_budget=token_budget):
        ids, attended = padded(
            [rows[i][0] for i in chosen], padding=language_model.encoder.padding, device=language_model.device
        )
        where = torch.tensor([rows[i][1] for i in chosen], device=ids.device)
        scores = language_model.scores(ids, attended, (torch.arange(len(chosen), device=ids.device), where))
        if allowed is not None:
            kinds = torch.from_numpy(begins[chosen].astype(np.int64)).to(ids.device)
            scores = scores.masked_fill(~allowed[kinds], -torch.inf)
        for i, piece in zip(chosen, scores.argmax(dim=-1).tolist(), strict=True):
            copies[i].fill(copies[i].positions[step], piece, language_model)


def _allowed(language_model: MaskedLanguageModel) -> torch.Tensor:
    """Which pieces may continue a word (row 0) and which may begin one (row 1)."""
    table = [[bool(text) for text in texts] for texts in (language_model.continuations, language_model.words)]
    return torch.tensor(table, device=language_model.device)
