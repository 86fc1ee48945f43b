"""Packed layers give the same products, and only within their block."""

import pytest
import torch
from torch import nn

from uxla.devices import Precision, has_bf16
from uxla.packing import packed

CPU = torch.device("cpu")
needs_bf16 = pytest.mark.skipif(not has_bf16(CPU), reason="this processor only emulates bfloat16")


@pytest.fixture
def network() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(24, 40), nn.GELU(), nn.Linear(40, 7, bias=False)).eval()


def test_full_precision_is_left_alone(network: nn.Sequential) -> None:
    with packed(network, CPU, Precision.FP32):
        assert all("forward" not in vars(module) for module in network)


@needs_bf16
@pytest.mark.parametrize("shape", [(1, 24), (9, 24), (3, 5, 24), (2, 3, 4, 24), (0, 24)])
def test_products_are_bit_for_bit_those_of_the_layers(network: nn.Sequential, shape: tuple[int, ...]) -> None:
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        expected = network(inputs)
        with packed(network, CPU, Precision.BF16):
            found = network(inputs)
        assert found.dtype is torch.bfloat16
        assert torch.equal(found, expected)
        assert torch.equal(network(inputs), expected)


@needs_bf16
def test_columns_of_a_larger_tensor_are_inputs_like_any_other(network: nn.Sequential) -> None:
    inputs = torch.randn((24, 30), generator=torch.Generator().manual_seed(2)).bfloat16()
    network.bfloat16()
    with torch.inference_mode():
        expected = network(inputs.T)
        with packed(network, CPU, Precision.BF16):
            assert torch.equal(network(inputs.T), expected)


@needs_bf16
def test_layers_are_as_before_when_the_block_fails(network: nn.Sequential) -> None:
    with pytest.raises(KeyError), packed(network, CPU, Precision.BF16):
        raise KeyError
    assert all("forward" not in vars(module) for module in network)
    network(torch.randn(2, 24)).sum().backward()
    assert network[0].weight.grad is not None
