"""Rows to padded tensors, and cutting rows into batches of like length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from uxla.encoding import Ints, Rows


@dataclass(frozen=True)
class Batch:
    """Padded rows on a device.

    `inputs` holds input_ids and attention_mask (n_rows, length), and token_type_ids where the
    encoder has segments. Labelled position i lies in row `rows[i]` at `marks[i]` and has the label
    `labels[i]`: a class, or a distribution over classes (empty when unlabelled).
    """

    inputs: dict[str, torch.Tensor]
    rows: torch.Tensor
    marks: torch.Tensor
    labels: torch.Tensor


def collate(rows: Rows, chosen: Ints, *, padding: int, device: torch.device, segments: bool = False) -> Batch:
    """Pad the chosen rows to the longest of them."""
    lengths = rows.lengths[chosen]
    columns = np.arange(lengths.max())
    attended = columns < lengths[:, None]
    ids = np.full(attended.shape, padding, np.int64)
    ids[attended] = rows.ids[_ranges(rows.starts[chosen], lengths)]
    counts = np.diff(rows.mark_starts)[chosen]
    where = _ranges(rows.mark_starts[chosen], counts)
    arrays = {"input_ids": ids, "attention_mask": attended.astype(np.int64)}
    if segments:
        arrays["token_type_ids"] = ((columns >= rows.second[chosen][:, None]) & attended).astype(np.int64)
    labels = rows.labels[where] if len(rows.labels) else np.empty(0, np.int64)
    return Batch(
        {name: torch.from_numpy(array).to(device) for name, array in arrays.items()},
        torch.from_numpy(np.repeat(np.arange(len(chosen)), counts)).to(device),
        torch.from_numpy(rows.marks[where]).to(device),
        torch.from_numpy(labels).to(device),
    )


def padded(
    rows: Sequence[Sequence[int] | Ints], *, padding: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of rows padded to the longest, and where they are attended: both (n_rows, length)."""
    lengths = np.array([len(row) for row in rows])
    attended = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(attended.shape, padding, np.int64)
    ids[attended] = np.concatenate([np.asarray(row, np.int64) for row in rows])
    return torch.from_numpy(ids).to(device), torch.from_numpy(attended.astype(np.int64)).to(device)


def length_buckets(lengths: Ints | Sequence[int], *, token_budget: int) -> Iterator[Ints]:
    """Cut rows, longest first, into batches of at most `token_budget` tokens after padding.

    A row longer than the budget is a batch of its own.
    """
    lengths = np.asarray(lengths, np.int64)
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        size = max(1, token_budget // max(1, int(lengths[order[begin]])))
        yield order[begin : begin + size]
        begin += size


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """The indices start, start + 1, ... of every range, one range after the other."""
    shift = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    indices: Ints = np.arange(lengths.sum()) + shift
    return indices
