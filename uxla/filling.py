"""Filling masks one at a time, thousands of copies of sentences in lock-step (UXLA §2.2)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import cast

import numpy as np
import torch

from uxla import flat
from uxla.allocation import release_memory
from uxla.batches import attention, length_buckets, padded_rows
from uxla.crew import Copy, Crew
from uxla.devices import fetch, send
from uxla.encoding import Ints
from uxla.language_model import MaskedLanguageModel
from uxla.units import Units

AT_ONCE = 8192
"""Copies of which one mask is filled together: more make leaner batches."""

AT_FIRST = 1024
"""Copies with which a GPU begins, while the host draws more."""

TIDY_EVERY = {torch.float32: 2**20, torch.bfloat16: 12 * 2**20}
"""Numbers that a layer hands to the next after which a CPU's freed memory is handed back.

Twelve times as many take a few per cent more memory; short ones are half as large, and soon computed.
"""


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
    distinct, like = crew.distinct
    network = language_model.network
    is_flat = flat.takes(language_model, in_bf16=network.dtype is torch.bfloat16)
    lengths = np.diff(starts)[distinct]
    hidden: torch.Tensor | None = None
    n_untidied = 0
    with torch.inference_mode():
        for some in (flat.batches if is_flat else length_buckets)(lengths, token_budget=token_budget):
            chosen = distinct[some]
            if is_flat:
                asked = (np.arange(len(chosen)), where[chosen])
                flat_rows = flat.FlatRows.of(language_model, ids, starts, chosen, asked)
                found = flat.encoded(network.base_model, flat_rows)
            else:
                rows, attended = padded_rows(ids, starts, chosen, padding=padding)
                position = send(where[chosen], device)
                found = language_model.hidden(send(rows, device), attention(attended, device), position)
            if hidden is None:
                # In one piece: many small ones would lie between what is freed after every batch.
                hidden = found.new_empty((len(distinct), found.shape[1]))
            hidden[send(some, device)] = found
            n_untidied += int(lengths[some].sum()) * found.shape[1]
            if n_untidied >= TIDY_EVERY[found.dtype] and device.type == "cpu":
                release_memory()
                n_untidied = 0
        # The output layer, as large as the encoder, is read once for many positions, not for every batch.
        fetched = fetch(language_model.best(cast(torch.Tensor, hidden), *_bars(barred, crew, distinct)))
    return lambda: fetched().numpy()[like]


def _bars(
    barred: torch.Tensor | None, crew: Crew, chosen: Ints
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The barred pieces of every kind and the kinds of the next positions; one kind where all are of one."""
    if barred is None:
        return None, None
    kinds = crew.begins[crew.starts[:-1] + crew.position][chosen].astype(np.int64)
    if (kinds == kinds[0]).all():
        return barred[int(kinds[0]), None], None
    return barred, send(kinds, barred.device)


def _barred(language_model: MaskedLanguageModel) -> torch.Tensor:
    """Which pieces may not continue a word (row 0) and which may not begin one (row 1)."""
    table = [[not text for text in texts] for texts in (language_model.continuations, language_model.words)]
    return send(np.array(table), language_model.device)
