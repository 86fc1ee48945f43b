"""Peak memory of generation, ours and that of the authors' loop, in a process each, model included."""

import multiprocessing
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from benchmark.speed.generation import AUTHORS
from benchmark.speed.outcome import Finding
from benchmark.speed.peers import AuthorsLoop
from benchmark.speed.scales import Scale
from benchmark.speed.workload import SEED, Workload, workload
from uxla.devices import Precision, use_threads
from uxla.vicinity import generate

ONE_MASK = replace(AUTHORS, mask_ratio=1e-6, diversification_factors=(1,))
"""A copy of every sentence, with one mask: more of either takes time, and hardly any memory."""

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
"""Where a process has its peak start anew from what it holds."""


def against_loop(work: Workload, *, target: float) -> Finding:
    """Peak memory of generating from many sentences, as a multiple of that of the authors' loop."""
    finding = Finding(
        what=f"peak memory, generation from {work.scale.held} sentences, fp32",
        against="the authors' loop, on the longest sentences: it holds one at a time",
        unit="times",
        target=target,
        at_most=True,
        equality="none here: see the lines of generation; both have one mask a sentence",
    )
    if not STATUS.is_file():
        return finding.with_({"skipped": f"there is no {STATUS}: peak memory is known on Linux alone"})
    ours, theirs = (_peak(side, work) for side in (_ours, _theirs))
    gigabytes = {"our GB": ours / 1e9, "their GB": theirs / 1e9}
    return finding.with_({"value": ours / theirs, "details": gigabytes})


def _ours(work: Workload) -> None:
    generate(
        work.sentences(work.scale.held), work.language_model, ONE_MASK, seed=SEED, precision=Precision.FP32
    )


def _theirs(work: Workload) -> None:
    held = work.sentences(work.scale.held)
    lengths = torch.tensor([len(example.texts[0]) for example in held])
    longest = held.select(lengths.argsort(descending=True)[: work.scale.generated].tolist())
    AuthorsLoop(work.language_model, work.language_model.network)(longest, ONE_MASK, seed=SEED)


def _peak(side: Callable[[Workload], None], work: Workload) -> float:
    """Bytes that a new process takes at most: of the GPU, where it computes there."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured, (side, work.scale, work.device, torch.get_num_threads()))


def _measured(side: Callable[[Workload], None], scale: Scale, device: torch.device, threads: int) -> float:
    use_threads(threads)
    work = workload(scale, device)
    # Making a model of random weights takes more than either side, and would be all that is measured.
    _ = work.language_model
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        RESET.write_text("5", encoding="ascii")
    side(work)
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated())
    # getrusage would count what the process was before it became a new one.
    peak = re.search(r"^VmHWM:\s*(\d+) kB$", STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    if peak is None:
        raise ValueError(f"{STATUS}: expected a line VmHWM, found none")
    return 1024.0 * int(peak.group(1))
