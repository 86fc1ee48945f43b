"""Rows to padded tensors, and cutting rows into batches of like length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch

from uxla.devices import send
from uxla.encoding import Ints, Rows

Bools = np.ndarray[Any, np.dtype[np.bool_]]

PADDING = 0.04
"""Share of padding at which a batch of rows of like length ends, once it is an eighth of its budget."""


@dataclass(frozen=True)
class Batch:
    """Padded rows on a device.

    `inputs` holds input_ids (n_rows, length), attention_mask (see `attention`), and token_type_ids where
    the encoder has segments. Labelled position i lies in row `rows[i]` at `marks[i]` and has the label
    `labels[i]`: a class, or a distribution over classes (empty when unlabelled). `weights[i]` is its share
    in the mean over labelled positions; without weights all have the same.
    """

    inputs: dict[str, torch.Tensor | None]
    rows: torch.Tensor
    marks: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor | None = None


def collate(
    rows: Rows,
    chosen: Ints,
    *,
    padding: int,
    device: torch.device,
    segments: bool = False,
    multiple: int | None = None,
) -> Batch:
    """Pad the chosen rows to the longest of them, or to a multiple of some length.

    With a multiple, shapes depend on the number of rows and their length alone: every position then counts
    as labelled, those that are not with a weight of zero.
    """
    ids, attended = padded_rows(rows.ids, rows.starts, chosen, padding=padding, multiple=multiple or 1)
    counts = rows.n_marks(chosen)
    where = ranges(rows.mark_starts[chosen], counts)
    inputs = {"input_ids": send(ids, device), "attention_mask": attention(attended, device)}
    if segments:
        second = (np.arange(ids.shape[1]) >= rows.second[chosen][:, None]) & attended
        inputs["token_type_ids"] = send(second.astype(np.int64), device)
    labels = rows.labels[where] if len(rows.labels) else np.empty(0, np.int64)
    places, marks = np.repeat(np.arange(len(chosen)), counts), rows.marks[where]
    if multiple is None:
        return Batch(inputs, send(places, device), send(marks, device), send(labels, device))
    everywhere = np.divmod(np.arange(ids.size), ids.shape[1])
    at = places * ids.shape[1] + marks
    all_labels = np.zeros((ids.size, *labels.shape[1:]), labels.dtype)
    weights = np.zeros(ids.size, np.float32)
    all_labels[at], weights[at] = labels, 1 / len(at)
    return Batch(inputs, *(send(array, device) for array in (*everywhere, all_labels, weights)))


def padded_rows(
    ids: Ints, starts: Ints, chosen: Ints, *, padding: int, multiple: int = 1
) -> tuple[Ints, Bools]:
    """The chosen of flat rows, padded to a multiple of some length that holds the longest of them.

    Returns:
        The ids, and where they are attended: both (n_rows, length).
    """
    lengths = starts[chosen + 1] - starts[chosen]
    attended = np.arange(-(-lengths.max() // multiple) * multiple) < lengths[:, None]
    rows = np.full(attended.shape, padding, np.int64)
    rows[attended] = ids[ranges(starts[chosen], lengths)]
    return rows, attended


def padded(rows: Sequence[Sequence[int] | Ints], *, padding: int) -> tuple[Ints, Bools]:
    """Ids of rows padded to the longest, and where they are attended: both (n_rows, length)."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    attended = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(attended.shape, padding, np.int64)
    ids[attended] = np.fromiter(chain.from_iterable(rows), np.int64, lengths.sum())
    return ids, attended


def attention(attended: Bools, device: torch.device) -> torch.Tensor | None:
    """The attention mask as transformers takes it with the least work.

    On a CPU of shape (n_rows, length). On a GPU nothing where nothing is padded, else (n_rows, 1, 1, length):
    of the other shape transformers would wait for the device to see whether it is all ones.
    """
    if device.type == "cpu":
        return send(attended.astype(np.int64), device)
    return None if attended.all() else send(attended[:, None, None, :], device)


def length_buckets(lengths: Ints | Sequence[int], *, token_budget: int) -> Iterator[Ints]:
    """Cut rows, longest first, into batches of at most `token_budget` tokens, few of them padding.

    A row longer than the budget is a batch of its own.
    """
    lengths = np.asarray(lengths, np.int64)
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        longest = max(1, int(lengths[order[begin]]))
        some = order[begin : begin + max(1, token_budget // longest)]
        computed = longest * np.arange(1, len(some) + 1)
        is_lean = np.cumsum(lengths[some]) >= (1 - PADDING) * computed
        # Both hold of the first rows alone, so what is kept is without gaps.
        size = max(1, int((is_lean | (8 * computed <= token_budget)).sum()))
        yield some[:size]
        begin += size


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """The indices start, start + 1, ... of every range, one range after the other."""
    shift = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    indices: Ints = np.arange(lengths.sum()) + shift
    return indices
