"""Filling masks one at a time, thousands of copies of sentences in lock-step (UXLA §2.2)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from typing import cast

import numpy as np
import torch

from uxla import flat
from uxla.allocation import release_memory
from uxla.batches import Bools, attention, length_buckets, padded_rows, ranges
from uxla.devices import fetch, send
from uxla.encoding import Ints
from uxla.language_model import MaskedLanguageModel
from uxla.units import Text, Units

AT_ONCE = 8192
"""Copies of which one mask is filled together: more make leaner batches."""

AT_FIRST = 1024
"""Copies with which a GPU begins, while the host draws more."""

TIDY_EVERY = 2**20
"""Numbers that a layer hands to the next after which a CPU's freed memory is handed back."""


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
    first `n_filled[i]`.
    """

    copies: list[Copy]
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
        return cls(
            copies,
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
        left = np.flatnonzero(~is_done)
        lengths, n_places = np.diff(self.starts)[left], np.diff(self.place_starts)[left]
        of_units, of_places = ranges(self.starts[left], lengths), ranges(self.place_starts[left], n_places)
        return Crew(
            list(compress(self.copies, ~is_done)),
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
            units=np.append(self.units, others.units),
            begins=np.append(self.begins, others.begins),
            starts=np.append(self.starts, self.starts[-1] + others.starts[1:]),
            places=np.append(self.places, others.places),
            place_starts=np.append(self.place_starts, self.place_starts[-1] + others.place_starts[1:]),
            n_filled=np.append(self.n_filled, others.n_filled),
        )


def fill_copies(
    copies: Iterable[Copy],
    language_model: MaskedLanguageModel,
    units: Units,
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
    ahead, room = (1, AT_ONCE) if language_model.device.type == "cpu" else (2, AT_FIRST)
    coming = (copy for copy in copies if not copy.is_done)
    crew, running = Crew.of([]), deque[tuple[Crew, Callable[[], Ints]]]()
    while True:
        if len(running) < ahead:
            crew = crew.joined_by(Crew.of(list(islice(coming, room - len(crew)))))
            room = min(AT_ONCE, 2 * room)
            if len(crew):
                running.append((crew, _begin(crew, language_model, units, barred, token_budget)))
                crew = Crew.of([])
                continue
        if not running:
            return
        done, pieces = running.popleft()
        crew = done.filled(pieces(), units)
        yield len(done)


def _begin(
    crew: Crew,
    language_model: MaskedLanguageModel,
    units: Units,
    barred: torch.Tensor | None,
    token_budget: int,
) -> Callable[[], Ints]:
    """Have the next position of every copy predicted; what is returned waits for the pieces."""
    device, padding = language_model.device, language_model.encoder.padding
    ids, starts, where = crew.masked(units, language_model)
    lengths, is_flat = np.diff(starts), flat.takes(language_model)
    hidden: torch.Tensor | None = None
    n_untidied = 0
    with torch.inference_mode():
        for chosen in (flat.batches if is_flat else length_buckets)(lengths, token_budget=token_budget):
            if is_flat:
                found = flat.hidden(language_model, ids, starts, chosen, where)
            else:
                rows, attended = padded_rows(ids, starts, chosen, padding=padding)
                position = send(where[chosen], device)
                found = language_model.hidden(send(rows, device), attention(attended, device), position)
            if hidden is None:
                # In one piece: many small ones would lie between what is freed after every batch.
                hidden = found.new_empty((len(crew), found.shape[1]))
            hidden[send(chosen, device)] = found
            n_untidied += int(lengths[chosen].sum()) * found.shape[1]
            if n_untidied >= TIDY_EVERY and device.type == "cpu":
                release_memory()
                n_untidied = 0
        # The output layer, as large as the encoder, is read once for many positions, not for every batch.
        fetched = fetch(language_model.best(cast(torch.Tensor, hidden), *_bars(barred, crew)))
    return lambda: fetched().numpy()


def _bars(barred: torch.Tensor | None, crew: Crew) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The barred pieces of every kind and the kinds of the next positions; one kind where all are alike."""
    if barred is None:
        return None, None
    kinds = crew.begins[crew.starts[:-1] + crew.position].astype(np.int64)
    if (kinds == kinds[0]).all():
        return barred[int(kinds[0]), None], None
    return barred, send(kinds, barred.device)


def _barred(language_model: MaskedLanguageModel) -> torch.Tensor:
    """Which pieces may not continue a word (row 0) and which may not begin one (row 1)."""
    table = [[not text for text in texts] for texts in (language_model.continuations, language_model.words)]
    return torch.tensor(table, device=language_model.device)


_NOTHING = np.empty(0, np.int64)


def _starts(lengths: Ints | Sequence[int]) -> Ints:
    """Where every stretch of these lengths begins, and after the last of them where all end."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
