"""Precision is what was asked for, and memory is kept only where the C library can."""

import ctypes
import platform
import subprocess
import sys
from collections.abc import Iterator
from textwrap import dedent

import pytest
import torch

from uxla.devices import (
    Precision,
    autocast,
    default_device,
    has_bf16,
    keep_memory,
    release_memory,
    use_threads,
)

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


def test_memory_is_kept_by_options_of_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[int, int] = {}

    class Library:
        def __init__(self, name: None) -> None:
            self.mallopt = options.__setitem__

    monkeypatch.setattr(ctypes, "CDLL", Library)
    keep_memory()
    assert options == {-4: 0, -1: 2**31 - 1, -2: 2**28}


@pytest.mark.parametrize("error", [OSError, AttributeError, TypeError])
def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def fail(name: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", fail)
    keep_memory()
    release_memory()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc hands memory back when asked to")
def test_released_memory_goes_back_to_the_system() -> None:
    program = """
        import psutil, torch
        from uxla.devices import keep_memory, release_memory

        keep_memory()
        tensors = [torch.ones(2**16) for _ in range(400)]
        lasting = tensors[::2]  # every other stays: 50 of 100 MiB are gaps
        before = psutil.Process().memory_info().rss
        del tensors
        kept = psutil.Process().memory_info().rss
        release_memory()
        print(before - kept, kept - psutil.Process().memory_info().rss)
    """
    command = [sys.executable, "-c", dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kept, released = map(int, done.stdout.split())
    assert kept < 2**22
    assert released > 40 * 2**20


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
