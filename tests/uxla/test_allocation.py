"""Memory is kept and handed back as the libraries below PyTorch allow."""

import ctypes
import os
import platform
import subprocess
import sys
from textwrap import dedent

import pytest
import torch

from uxla.allocation import KERNELS, keep_few_kernels, keep_memory, release_memory
from uxla.devices import has_bf16


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
        from uxla.allocation import keep_memory, release_memory

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


def megabytes_of_kernels(*, few: bool) -> float:
    """What products of another 300 shapes leave behind in a process of their own."""
    program = f"""
        import psutil, torch
        from uxla.allocation import keep_few_kernels, release_memory

        torch.set_num_threads(1)
        if {few}:
            keep_few_kernels()
        weight = torch.ones(64, 64)

        def multiply(first, last):
            with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
                for rows in range(first, last):
                    torch.nn.functional.linear(torch.ones(rows, 64), weight)
            release_memory()
            return psutil.Process().memory_info().rss

        before = multiply(1, {2 * KERNELS})
        print((multiply({2 * KERNELS}, {2 * KERNELS} + 300) - before) / 2**20)
    """
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_CACHE_CAPACITY")}
    command = [sys.executable, "-c", dedent(program)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(not has_bf16(torch.device("cpu")), reason="needs bfloat16 in hardware")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc hands memory back when asked to")
def test_few_kernels_are_kept_where_that_is_asked_for() -> None:
    assert megabytes_of_kernels(few=True) < megabytes_of_kernels(few=False) / 5


def test_a_capacity_of_the_users_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"LRU_CACHE_CAPACITY": "7"}
    monkeypatch.setattr(os, "environ", environment)
    keep_few_kernels()
    assert environment == {"LRU_CACHE_CAPACITY": "7", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(KERNELS)}
