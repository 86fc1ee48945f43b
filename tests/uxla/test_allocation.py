"""Memory is kept and handed back where the C library can, and nothing of it needs PyTorch."""

import ctypes
import platform
import subprocess
import sys
from textwrap import dedent

import pytest

from uxla.allocation import keep_memory, release_memory


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
