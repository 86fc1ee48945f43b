"""Linear layers whose weights are laid out for the bfloat16 kernels of a CPU once, not for every batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import nn

from uxla.devices import Precision, has_bf16, in_bf16


@contextmanager
def packed(network: nn.Module, device: torch.device, precision: Precision) -> Iterator[None]:
    """Have linear layers compute from packed weights within a block, which must not change the weights.

    The products are the same, bit for bit. On a GPU, in full precision and where bfloat16 is emulated
    nothing is done.
    """
    layers = [module for module in network.modules() if type(module) is nn.Linear]
    if device.type != "cpu" or not (in_bf16(device, precision) and has_bf16(device)):
        layers = []
    try:
        for layer in layers:
            vars(layer)["forward"] = _from_packed(layer)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _from_packed(layer: nn.Linear) -> Callable[[torch.Tensor], torch.Tensor]:
    kernels = torch.ops.mkldnn
    weight = kernels._reorder_linear_weight(layer.weight.detach().bfloat16())
    bias = None if layer.bias is None else layer.bias.detach().bfloat16()

    def forward(inputs: torch.Tensor) -> torch.Tensor:
        product = kernels._linear_pointwise(inputs.bfloat16(), weight, bias, "none", [], "")
        return cast(torch.Tensor, product)

    return forward
