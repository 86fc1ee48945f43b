"""An encoder over rows laid end to end on a GPU: no padding is computed (UXLA §2.2)."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import torch
from torch.nn.functional import linear, pad

from uxla import devices
from uxla.batches import ranges
from uxla.devices import send
from uxla.encoding import Ints
from uxla.language_model import MaskedLanguageModel

ALIGNED = 64
"""Classes of which an output layer on a GPU should have a multiple."""

IN_BF16 = 2**17
"""Tokens of a batch in bfloat16: so many that the host has the next one ready before it is computed."""

SIZES = (16, 32, 64, 128)
"""Of attention heads that the kernels take."""


def takes(language_model: MaskedLanguageModel) -> bool:
    """Whether the encoder of a language model can compute such rows where it is."""
    config = language_model.network.config
    size = config.hidden_size // config.num_attention_heads
    return language_model.device.type == "cuda" and size in SIZES and find_spec("triton") is not None


def default_token_budget(language_model: MaskedLanguageModel) -> int:
    """Tokens of a batch that keep a device busy; results in full precision do not depend on it."""
    if takes(language_model) and language_model.network.dtype is torch.bfloat16:
        return IN_BF16
    return devices.default_token_budget(language_model.device)


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


def hidden(
    language_model: MaskedLanguageModel, ids: Ints, starts: Ints, chosen: Ints, position: Ints
) -> torch.Tensor:
    """What the encoder says of one position of each of the chosen rows, before the output layer.

    Shapes: row r has the ids `ids[starts[r]:starts[r + 1]]` and the place `position[r]`; the result is
    (n_chosen, width), as of `MaskedLanguageModel.hidden`.
    """
    device, lengths = language_model.device, starts[chosen + 1] - starts[chosen]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
    # The RoBERTa family numbers places from the padding id + 1 on.
    places += language_model.network.config.max_position_embeddings - language_model.max_length
    tokens, places = send(np.stack([ids[ranges(starts[chosen], lengths)], places]), device)
    at = send(bounds[:-1] + position[chosen], device)
    rows = _Rows(send(bounds.astype(np.int32), device), int(lengths.max()))
    encoder: Any = language_model.network.base_model
    embedded = encoder.embeddings(
        input_ids=tokens[None], token_type_ids=torch.zeros_like(tokens)[None], position_ids=places[None]
    )[0]
    *layers, last = encoder.encoder.layer
    for layer in layers:
        embedded = rows.through(layer, embedded)
    context = rows.attended(last, embedded)[at]
    found = last.feed_forward_chunk(last.attention.output(context, embedded[at]))
    return cast(torch.Tensor, found)


def align(layer: torch.nn.Linear) -> None:
    """Have an output layer compute more classes than it has, which are left out then.

    A GPU multiplies matrices several times as fast if their rows are of a multiple of some length.
    """
    n_classes, n_more = layer.out_features, -layer.out_features % ALIGNED
    weight, bias = pad(layer.weight.detach(), (0, 0, 0, n_more)), pad(layer.bias.detach(), (0, n_more))
    vars(layer)["forward"] = lambda inputs: linear(inputs, weight, bias)[..., :n_classes]


class _Rows:
    """Rows end to end: where each begins, and after the last where all end, of int32; and the longest."""

    def __init__(self, bounds: torch.Tensor, longest: int) -> None:
        # It is there on machines with a GPU alone.
        from uxla import kernels

        self._kernels, self._bounds, self._longest = kernels, bounds, longest

    def attended(self, layer: Any, inputs: torch.Tensor) -> torch.Tensor:
        """The attention of a layer, before its projection: (n_tokens, width)."""
        own = layer.attention.self
        return self._kernels.attend(
            own.query(inputs),
            own.key(inputs),
            own.value(inputs),
            self._bounds,
            n_heads=own.num_attention_heads,
            longest=self._longest,
        )

    def through(self, layer: Any, inputs: torch.Tensor) -> torch.Tensor:
        """A whole layer: (n_tokens, width)."""
        first, second = layer.attention.output, layer.output
        context = first.dense(self.attended(layer, inputs))
        context = self._kernels.add_norm(context, inputs, first.LayerNorm)
        return self._kernels.add_norm(second.dense(layer.intermediate(context)), context, second.LayerNorm)
