"""What a measurement ran on: processor or GPU, versions of libraries, and the commit."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from benchmark.speed.outcome import Circumstances
from benchmark.speed.workload import Workload
from uxla.devices import has_bf16

LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "accelerate", "dvc")


def circumstances(workload: Workload) -> Circumstances:
    """Those of a measurement that begins now."""
    changes = _git("status", "--porcelain", "--", "uxla", "benchmark", "params.yaml")
    return Circumstances(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        scale=workload.scale.name,
        workload=workload.described,
        machine=machine(workload.device),
        versions=versions(),
        commit=_git("rev-parse", "HEAD") or "unknown",
        is_dirty=bool(changes),
    )


def machine(device: torch.device) -> dict[str, str]:
    """Names and numbers of the hardware; what the system does not say is left out."""
    found = {
        "processor": _processor("model name") or platform.processor() or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "bfloat16": "in hardware" if has_bf16(device) else "emulated",
    }
    flags = set(_processor("flags").split()) & {"avx512_bf16", "amx_bf16", "avx512_vnni"}
    if flags:
        found["flags"] = " ".join(sorted(flags))
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        found |= {"gpu": properties.name, "gpu memory": f"{properties.total_memory / 2**30:.0f} GiB"}
    return found


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that are installed."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def _processor(key: str) -> str:
    """What Linux says of the first processor; '' elsewhere."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    match = re.search(rf"^{key}\s*:\s*(.*)$", text, re.MULTILINE)
    return match.group(1) if match else ""


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
