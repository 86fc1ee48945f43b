"""Copies of texts whose masks are filled in lock-step, as flat arrays (UXLA §2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

import numpy as np

from uxla.batches import Bools, ranges
from uxla.encoding import Ints
from uxla.language_model import MaskedLanguageModel
from uxla.units import Text, Units


class Copy:
    """One copy of a text: the positions to be filled and, once it is done, its units as they stand then."""

    __slots__ = ("is_done", "is_dropped", "positions", "text", "units")

    def __init__(self, text: Text, positions: Sequence[int]) -> None:
        self.text = text
        # There can be millions: Python looks through lists for garbage again and again, not through arrays.
        self.positions = np.array(positions, np.int64)
        self.units = text.units
        self.is_dropped = False
        self.is_done = len(positions) == 0


@dataclass(frozen=True)
class Crew:
    """Copies that advance together: one mask of each is filled at a time.

    Copy i has the units `units[starts[i]:starts[i + 1]]`; what fills a unit is said by `begins`, as long as
    `units`. Its positions are `places[place_starts[i]:place_starts[i + 1]]`, of which it has filled the
    first `n_filled[i]`. Copies of one text that have filled the same ones have one number in `alike`.
    """

    copies: list[Copy]
    alike: Ints
    units: Ints
    begins: Bools
    starts: Ints
    places: Ints
    place_starts: Ints
    n_filled: Ints

    @classmethod
    def of(cls, copies: list[Copy]) -> "Crew":
        """Copies of which nothing is filled yet."""
        places = [copy.positions for copy in copies]
        is_new = [i == 0 or copy.text is not copies[i - 1].text for i, copy in enumerate(copies)]
        return cls(
            copies,
            alike=np.cumsum(is_new, dtype=np.int64),
            units=np.concatenate([_NOTHING, *(copy.text.units for copy in copies)]),
            begins=np.concatenate([_NOTHING.astype(np.bool_), *(copy.text.begins for copy in copies)]),
            starts=_starts([len(copy.text.units) for copy in copies]),
            places=np.concatenate([_NOTHING, *places]),
            place_starts=_starts(list(map(len, places))),
            n_filled=np.zeros(len(copies), np.int64),
        )

    def __len__(self) -> int:
        return len(self.copies)

    @property
    def position(self) -> Ints:
        """The next position of every copy: (n_copies,)."""
        position: Ints = self.places[self.place_starts[:-1] + self.n_filled]
        return position

    @cached_property
    def distinct(self) -> tuple[Ints, Ints]:
        """Copies that differ with their next position masked, and for every copy the one of them like it."""
        _, first, like = np.unique(
            self.alike * (self.position.max(initial=0) + 1) + self.position,
            return_index=True,
            return_inverse=True,
        )
        return first, like

    def masked(self, units: Units, language_model: MaskedLanguageModel) -> tuple[Ints, Ints, Ints]:
        """Rows with the next position of every copy masked, and where: flat ids, starts, and (n_copies,).

        A text that is too long is cut so that as much stands on either side of the mask as fits, what one
        side does not need going to the other.
        """
        encoder = language_model.encoder
        before, after = np.array(encoder.before, np.int64), np.array(encoder.after, np.int64)
        masked, at = self.units.copy(), self.starts[:-1] + self.position
        masked[at] = units.mask
        pieces, lengths = units.pieces(masked)
        bounds = _starts(lengths)
        mask, begin, end = bounds[at], bounds[self.starts[:-1]], bounds[self.starts[1:]]
        room = language_model.max_length - len(before) - len(after) - 1
        n_left, n_right = mask - begin, end - mask - 1
        most_left = np.where(n_left + n_right > room, np.maximum(room // 2, room - n_right), n_left)
        n_left = np.minimum(n_left, most_left)
        n_right = np.minimum(n_right, room - n_left)
        n_pieces = n_left + 1 + n_right
        starts = _starts(n_pieces + len(before) + len(after))
        ids = np.empty(starts[-1], np.int64)
        ids[starts[:-1, None] + np.arange(len(before))] = before
        ids[starts[1:, None] - np.arange(len(after), 0, -1)] = after
        ids[ranges(starts[:-1] + len(before), n_pieces)] = pieces[ranges(mask - n_left, n_pieces)]
        return ids, starts, len(before) + n_left

    def filled(self, pieces: Ints, units: Units) -> "Crew":
        """Put the predicted pieces at the next positions; those copies that are not done then."""
        at = self.starts[:-1] + self.position
        found = units.filled(pieces, self.begins[at], self.position == 0)
        is_dropped = found < 0
        self.units[at[~is_dropped]] = found[~is_dropped]
        n_filled = self.n_filled + 1
        is_done = is_dropped | (n_filled == np.diff(self.place_starts))
        for i in np.flatnonzero(is_done).tolist():
            copy = self.copies[i]
            copy.units = self.units[self.starts[i] : self.starts[i + 1]].copy()
            copy.is_dropped, copy.is_done = bool(is_dropped[i]), True
        left, (_, alike) = np.flatnonzero(~is_done), self.distinct
        lengths, n_places = np.diff(self.starts)[left], np.diff(self.place_starts)[left]
        of_units, of_places = ranges(self.starts[left], lengths), ranges(self.place_starts[left], n_places)
        return Crew(
            list(compress(self.copies, ~is_done)),
            alike=alike[left],
            units=self.units[of_units],
            begins=self.begins[of_units],
            starts=_starts(lengths),
            places=self.places[of_places],
            place_starts=_starts(n_places),
            n_filled=n_filled[left],
        )

    def joined_by(self, others: "Crew") -> "Crew":
        """These copies, and others after them."""
        return Crew(
            [*self.copies, *others.copies],
            alike=np.append(self.alike, self.alike.max(initial=0) + others.alike),
            units=np.append(self.units, others.units),
            begins=np.append(self.begins, others.begins),
            starts=np.append(self.starts, self.starts[-1] + others.starts[1:]),
            places=np.append(self.places, others.places),
            place_starts=np.append(self.place_starts, self.place_starts[-1] + others.place_starts[1:]),
            n_filled=np.append(self.n_filled, others.n_filled),
        )


_NOTHING = np.empty(0, np.int64)


def _starts(lengths: Ints | Sequence[int]) -> Ints:
    """Where every stretch of these lengths begins, and after the last of them where all end."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
