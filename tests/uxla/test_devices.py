"""Precision is what was asked for, and threads as many as were asked for."""

from collections.abc import Iterator

import pytest
import torch

from uxla.devices import Precision, autocast, default_device, has_bf16, use_threads

CPU = torch.device("cpu")


def product_type(precision: Precision) -> torch.dtype:
    with autocast(CPU, precision):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_products_have_the_precision_asked_for() -> None:
    assert product_type(Precision.FP32) is torch.float32
    assert product_type(Precision.BF16) is torch.bfloat16


def test_auto_is_bfloat16_only_where_the_hardware_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert product_type(Precision.AUTO) is (torch.bfloat16 if has_bf16(CPU) else torch.float32)
    for has, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr("uxla.devices.has_bf16", lambda device, has=has: has)
        assert product_type(Precision.AUTO) is expected


def test_the_gpu_is_taken_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for has, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda has=has: has)
        assert default_device().type == expected


@pytest.fixture
def threads() -> Iterator[None]:
    """The number of threads that the other tests are to have."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_a_number_of_threads_holds_until_none_is_asked_for() -> None:
    use_threads(None)
    by_itself = torch.get_num_threads()
    use_threads(3)
    assert torch.get_num_threads() == 3
    use_threads(None)
    assert torch.get_num_threads() == by_itself
