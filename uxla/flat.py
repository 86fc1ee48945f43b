"""An encoder over rows laid end to end, so that no padding is computed (UXLA §2.2 and §2.3).

On a GPU kernels of its own do what lies between the matrix products. On a CPU rows are padded for attention
alone; in full precision, and where bfloat16 is emulated, it computes padded rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch.nn.functional import linear, pad
from transformers import PreTrainedModel

from uxla import devices
from uxla.batches import ranges
from uxla.devices import has_bf16, send
from uxla.encoding import Ints

ALIGNED = 64
"""Classes of which an output layer on a GPU should have a multiple."""

IN_BF16 = 2**17
"""Tokens of a batch on a GPU in bfloat16: so many that its host has the next one ready in the meantime."""

MAKES = ("bert", "roberta", "xlm-roberta")
"""Of encoders whose parts are known here by their names."""

SIZES = (16, 32, 64, 128)
"""Of attention heads that the kernels of a GPU take."""


class Model(Protocol):
    """A task model or a masked language model."""

    network: PreTrainedModel

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    @property
    def max_length(self) -> int:
        """The most subwords a row may have."""


def takes(model: Model, *, in_bf16: bool) -> bool:
    """Whether the encoder of a model computes such rows where it is, in bfloat16 or in full precision."""
    config = model.network.config
    if config.model_type not in MAKES:
        return False
    if model.device.type == "cpu":
        return in_bf16 and has_bf16(model.device)
    size = config.hidden_size // config.num_attention_heads
    return size in SIZES and find_spec("triton") is not None


def default_token_budget(model: Model, *, in_bf16: bool) -> int:
    """Tokens of a batch that keep a device busy; results in full precision do not depend on it."""
    if in_bf16 and model.device.type != "cpu" and takes(model, in_bf16=in_bf16):
        return IN_BF16
    return devices.default_token_budget(model.device)


def batches(lengths: Ints, *, token_budget: int) -> Iterator[Ints]:
    """Cut rows, longest first, into batches of at most `token_budget` tokens, or of one longer row."""
    order = np.argsort(-lengths, kind="stable")
    ends = np.cumsum(lengths[order])
    begin = 0
    while begin < len(order):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + token_budget, side="right")))
        yield order[begin:end]
        begin = end


@dataclass(frozen=True)
class FlatRows:
    """Rows end to end on a device: row i is `bounds[i]:bounds[i + 1]`, and the encoder is asked about `at`.

    `tokens`, `places` and `segments` are what an encoder looks up, (n_tokens,); `at` is (n_asked,).
    """

    tokens: torch.Tensor
    places: torch.Tensor
    segments: torch.Tensor
    bounds: Ints
    at: torch.Tensor

    @classmethod
    def of(
        cls,
        model: Model,
        ids: Ints,
        starts: Ints,
        chosen: Ints,
        asked: tuple[Ints, Ints],
        second: Ints | None = None,
    ) -> "FlatRows":
        """The chosen of flat rows, for a model.

        Shapes: row r has the ids `ids[starts[r]:starts[r + 1]]`; `asked` are numbers of chosen rows and
        positions in them, each (n_asked,); in `second`, (n_chosen,), second texts begin, if that matters.
        """
        lengths = starts[chosen + 1] - starts[chosen]
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        inside = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
        segments = np.zeros_like(inside) if second is None else inside >= np.repeat(second, lengths)
        # The RoBERTa family numbers places from the padding id + 1 on.
        offsets = inside + (model.network.config.max_position_embeddings - model.max_length)
        looked_up = np.stack([ids[ranges(starts[chosen], lengths)], offsets, segments])
        at = bounds[asked[0]] + asked[1]
        tokens, places, kinds = send(looked_up, model.device)
        return cls(tokens, places, kinds, bounds, send(at, model.device))


def encoded(encoder: Any, rows: FlatRows) -> torch.Tensor:
    """What an encoder says of the positions that are asked for, before any output layer: (n_asked, width).

    Of its last layer only what that takes is computed.
    """
    attend, add_norm = (_on_gpu if rows.at.is_cuda else _on_cpu)(rows)
    hidden = encoder.embeddings(
        input_ids=rows.tokens[None], token_type_ids=rows.segments[None], position_ids=rows.places[None]
    )[0]
    *layers, last = encoder.encoder.layer
    for layer in layers:
        inner, outer = layer.attention.output, layer.output
        hidden = add_norm(inner.dense(attend(layer.attention.self, hidden)), hidden, inner.LayerNorm)
        hidden = add_norm(outer.dense(layer.intermediate(hidden)), hidden, outer.LayerNorm)
    context = attend(last.attention.self, hidden)[rows.at]
    found = last.feed_forward_chunk(last.attention.output(context, hidden[rows.at]))
    return cast(torch.Tensor, found)


Attend = Callable[[Any, torch.Tensor], torch.Tensor]
"""The attention of a layer to what goes in, before its projection: (n_tokens, width)."""

AddNorm = Callable[[torch.Tensor, torch.Tensor, torch.nn.LayerNorm], torch.Tensor]
"""LayerNorm of a sum."""


def _on_gpu(rows: FlatRows) -> tuple[Attend, AddNorm]:
    # It needs Triton, which machines without a GPU need not have.
    from uxla import kernels

    bounds, longest = send(rows.bounds.astype(np.int32), rows.at.device), int(np.diff(rows.bounds).max())

    def attend(own: Any, inputs: torch.Tensor) -> torch.Tensor:
        projected = own.query(inputs), own.key(inputs), own.value(inputs)
        return kernels.attend(*projected, bounds, n_heads=own.num_attention_heads, longest=longest)

    return attend, kernels.add_norm


def _on_cpu(rows: FlatRows) -> tuple[Attend, AddNorm]:
    lengths = np.diff(rows.bounds)
    shape = (len(lengths), int(lengths.max()))
    attended = torch.from_numpy(np.arange(shape[1]) < lengths[:, None])
    cells = attended.flatten().nonzero().flatten()

    def padded(vectors: torch.Tensor, n_heads: int) -> torch.Tensor:
        whole = vectors
        if len(cells) < attended.numel():
            whole = vectors.new_zeros(attended.numel(), vectors.shape[1]).index_copy_(0, cells, vectors)
        return whole.view(*shape, n_heads, -1).transpose(1, 2)

    def attend(own: Any, inputs: torch.Tensor) -> torch.Tensor:
        # Cast once for all three.
        short = inputs.bfloat16()
        query, key, value = (
            padded(project(short), own.num_attention_heads) for project in (own.query, own.key, own.value)
        )
        scores = query @ key.transpose(2, 3) * own.attention_head_size**-0.5
        scores.masked_fill_(~attended[:, None, None], -torch.inf)
        weights = torch.softmax(scores, dim=-1, dtype=torch.float32).bfloat16()
        context = (weights @ value).transpose(1, 2).flatten(2).flatten(0, 1)
        return context if len(cells) == len(context) else context[cells]

    return attend, lambda left, right, norm: norm(left + right)


def align(layer: torch.nn.Linear) -> None:
    """Have an output layer compute more classes than it has, which are left out then.

    A GPU multiplies matrices several times as fast if their rows are of a multiple of some length.
    """
    n_classes, n_more = layer.out_features, -layer.out_features % ALIGNED
    weight, bias = pad(layer.weight.detach(), (0, 0, 0, n_more)), pad(layer.bias.detach(), (0, n_more))
    vars(layer)["forward"] = lambda inputs: linear(inputs, weight, bias)[..., :n_classes]
