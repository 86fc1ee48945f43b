"""What an encoder computes between its matrix products, on a GPU, for rows that lie end to end.

Written in Triton, which comes with PyTorch for GPUs and is not there without.
"""

import torch
import triton
import triton.language as tl

NORMED_AT_ONCE = 4
"""Vectors that one program of `add_norm` takes."""


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor,
    *,
    n_heads: int,
    longest: int,
) -> torch.Tensor:
    """Attention of every row to itself alone.

    Shapes: `query`, `key` and `value` (n_tokens, width), row i at `bounds[i]:bounds[i + 1]`; `bounds` is
    of int32, (n_rows + 1,), and no row is longer than `longest`. The result is (n_tokens, width).
    """
    out = torch.empty_like(query)
    n_rows, size = len(bounds) - 1, query.shape[1] // n_heads
    block = min(64, max(16, triton.next_power_of_2(longest)))
    grid = (n_rows, n_heads, triton.cdiv(longest, block))
    _attend[grid](
        query,
        key,
        value,
        out,
        bounds,
        query.stride(0),
        size**-0.5,
        size_of_head=size,
        block=block,
        num_warps=4,
    )
    return out


@triton.jit
def _attend(query, key, value, out, bounds, width, scale, size_of_head: tl.constexpr, block: tl.constexpr):
    row, head, part = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    begin = tl.load(bounds + row)
    length = tl.load(bounds + row + 1) - begin
    if part * block >= length:
        return
    of_head = begin.to(tl.int64) * width + head * size_of_head + tl.arange(0, size_of_head)[None, :]
    places = part * block + tl.arange(0, block)
    of_query = of_head + places[:, None] * width
    asked = tl.load(query + of_query, mask=places[:, None] < length, other=0.0)
    greatest = tl.full((block,), float("-inf"), tl.float32)
    total = tl.zeros((block,), tl.float32)
    found = tl.zeros((block, size_of_head), tl.float32)
    for start in range(0, length, block):
        places_of_keys = start + tl.arange(0, block)
        is_there = places_of_keys < length
        of_key = of_head + places_of_keys[:, None] * width
        keys = tl.load(key + of_key, mask=is_there[:, None], other=0.0)
        scores = tl.dot(asked, tl.trans(keys), input_precision="ieee") * scale
        scores = tl.where(is_there[None, :], scores, float("-inf"))
        greater = tl.maximum(greatest, tl.max(scores, 1))
        weights = tl.exp(scores - greater[:, None])
        shrinking = tl.exp(greatest - greater)
        values = tl.load(value + of_key, mask=is_there[:, None], other=0.0)
        found = found * shrinking[:, None] + tl.dot(weights.to(values.dtype), values, input_precision="ieee")
        total = total * shrinking + tl.sum(weights, 1)
        greatest = greater
    tl.store(out + of_query, (found / total[:, None]).to(out.dtype.element_ty), mask=places[:, None] < length)


def add_norm(left: torch.Tensor, right: torch.Tensor, norm: torch.nn.LayerNorm) -> torch.Tensor:
    """LayerNorm of a sum of two (n, width) tensors, in one pass."""
    out = torch.empty_like(left)
    n, width = left.shape
    _add_norm[(triton.cdiv(n, NORMED_AT_ONCE),)](
        left, right, norm.weight, norm.bias, out, n, width, norm.eps,
        at_once=NORMED_AT_ONCE, block=triton.next_power_of_2(width), num_warps=4,
    )  # fmt: skip
    return out


@triton.jit
def _add_norm(left, right, weight, bias, out, n, width, epsilon, at_once: tl.constexpr, block: tl.constexpr):
    rows = (tl.program_id(0) * at_once + tl.arange(0, at_once)).to(tl.int64)
    columns = tl.arange(0, block)
    is_there = (rows[:, None] < n) & (columns[None, :] < width)
    places = rows[:, None] * width + columns[None, :]
    total = tl.load(left + places, mask=is_there, other=0.0).to(tl.float32)
    total += tl.load(right + places, mask=is_there, other=0.0).to(tl.float32)
    mean = tl.sum(total, 1) / width
    centred = tl.where(is_there, total - mean[:, None], 0.0)
    scale = 1 / tl.sqrt(tl.sum(centred * centred, 1) / width + epsilon)
    gain = tl.load(weight + columns, mask=columns < width, other=0.0).to(tl.float32)
    shift = tl.load(bias + columns, mask=columns < width, other=0.0).to(tl.float32)
    normed = centred * scale[:, None] * gain[None, :] + shift[None, :]
    tl.store(out + places, normed.to(out.dtype.element_ty), mask=is_there)
