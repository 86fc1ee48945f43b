"""Training without the rows of the embedding that no batch looks up: the same updates for less work.

Vocabularies of many languages are so large that most of an encoder's weights are rows for subwords that a
corpus has not. Their gradient is zero, but gradients, moments and norms are written and read for all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from transformers import PreTrainedModel

from uxla.encoding import Ints, Rows

WORTH_IT = 2**22
"""Weights of rows that are not in use, at least: else the embedding stays whole."""


@contextmanager
def trimmed(network: PreTrainedModel, rows: Sequence[Rows]) -> Iterator[Callable[[Rows], Rows]]:
    """Leave the network with the embeddings of these rows alone, and put the others back at the end.

    Yields what renumbers the ids of rows, of these and no others. A row of the embedding that is not in
    use only decays; how far is read off a further row, of ones, that nothing looks up either.

    Raises:
        ValueError: rows to be renumbered have ids that the network was left without.
    """
    whole = cast(torch.nn.Embedding, network.get_input_embeddings())
    kept = _in_use(whole, rows)
    if (whole.num_embeddings - len(kept)) * whole.embedding_dim < WORTH_IT:
        yield lambda chosen: chosen
        return
    index = torch.from_numpy(kept).to(whole.weight.device)
    with torch.no_grad():
        table = torch.cat([whole.weight[index], torch.ones_like(whole.weight[:1])])
    n_rows, width = table.shape
    small = torch.nn.Embedding(n_rows, width, padding_idx=whole.padding_idx, _weight=table)
    network.set_input_embeddings(small)
    try:
        yield lambda chosen: replace(chosen, ids=_renumbered(chosen.ids, kept))
    finally:
        with torch.no_grad():
            whole.weight.mul_(small.weight[-1, 0])
            whole.weight[index] = small.weight[:-1]
        network.set_input_embeddings(whole)


def _in_use(embedding: torch.nn.Embedding, rows: Sequence[Rows]) -> Ints:
    """The ids of rows, ascending, after all up to that of padding, which so keeps its number."""
    first = np.arange((embedding.padding_idx or 0) + 1)
    return np.unique(np.concatenate([first, *(chosen.ids for chosen in rows)]))


def _renumbered(ids: Ints, kept: Ints) -> Ints:
    numbers = np.searchsorted(kept, ids)
    unknown = kept[np.minimum(numbers, len(kept) - 1)] != ids
    if unknown.any():
        raise ValueError(f"expected ids of the rows that the network was trimmed to, was: {ids[unknown][0]}")
    return numbers
