"""Kernels compute what PyTorch does."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

LENGTHS = (7, 3, 40, 12, 130, 9, 64, 65, 1)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: no kernels for it"),
]


@pytest.mark.parametrize(("n_heads", "size"), [(2, 16), (3, 64)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_every_row_attends_to_itself_alone(
    n_heads: int, size: int, dtype: torch.dtype, tolerance: float
) -> None:
    from uxla.kernels import attend

    bounds = torch.tensor([0, *LENGTHS]).cumsum(0)
    query, key, value = torch.randn(3, int(bounds[-1]), n_heads * size, dtype=dtype, device="cuda")
    found = attend(query, key, value, bounds.int().cuda(), n_heads=n_heads, longest=max(LENGTHS))
    for begin, end in zip(bounds.tolist(), bounds[1:].tolist(), strict=False):
        heads = (
            rows[begin:end].unflatten(1, (n_heads, size)).transpose(0, 1) for rows in (query, key, value)
        )
        expected = scaled_dot_product_attention(*heads).transpose(0, 1).flatten(1)
        torch.testing.assert_close(found[begin:end], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("width", [96, 1024])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 4e-2)])
def test_a_sum_is_normed(width: int, dtype: torch.dtype, tolerance: float) -> None:
    from uxla.kernels import add_norm

    norm = torch.nn.LayerNorm(width, device="cuda", dtype=dtype)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    left, right = torch.randn(2, 11, width, device="cuda", dtype=dtype)
    expected = norm(left + right)
    torch.testing.assert_close(add_norm(left, right, norm), expected, rtol=tolerance, atol=tolerance)
