"""The lines of the benchmark with their targets, and running them one by one."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch

from benchmark.speed import (
    augmenters,
    generation,
    growth,
    labelling,
    memory,
    pipeline,
    pretraining,
    rates,
    schedule,
    training,
)
from benchmark.speed.machine import circumstances
from benchmark.speed.outcome import Finding, Outcome, keep, read_outcomes
from benchmark.speed.pairs import on_pairs
from benchmark.speed.scales import scale_of
from benchmark.speed.workload import Workload, workload
from uxla.devices import Precision

FP32, BF16 = Precision.FP32, Precision.BF16

LINES: Mapping[str, Callable[[Workload], Finding]] = {
    "generation_fp32": partial(generation.against_loop, precision=FP32, targets={"cpu": 5.0}),
    "generation_roofline": partial(generation.against_matrices, target=0.8),
    "generation_bf16": partial(generation.against_loop, precision=BF16, targets={"cpu": 15.0, "cuda": 100.0}),
    "generation_million": partial(generation.a_million, target=180.0),
    "generation_pipeline": partial(generation.against_pipeline, target=4.0),
    "generation_nlpaug": augmenters.against_nlpaug,
    "generation_textattack": augmenters.against_textattack,
    "labelling_bf16": partial(labelling.against_trainer, precision=BF16, target=4.0),
    "labelling_fp32": partial(labelling.against_trainer, precision=FP32, target=None),
    "labelling_pairs_bf16": partial(
        on_pairs, partial(labelling.against_trainer, precision=BF16, target=None)
    ),
    "labelling_pairs_fp32": partial(
        on_pairs, partial(labelling.against_trainer, precision=FP32, target=None)
    ),
    "labelling_pipeline": partial(labelling.against_pipeline, precision=BF16, target=None),
    "labelling_adaptation": partial(schedule.recorded, target=30.0),
    "labelling_adaptation_worst": schedule.at_worst,
    "training_bf16": partial(training.against_trainer, precision=BF16, target=3.0),
    "training_fp32": partial(training.against_trainer, precision=FP32, target=1.3),
    "training_pairs_bf16": partial(on_pairs, partial(training.against_trainer, precision=BF16, target=3.0)),
    "training_pairs_fp32": partial(on_pairs, partial(training.against_trainer, precision=FP32, target=1.3)),
    "training_roofline": partial(rates.training, in_large=False, target=0.45),
    "training_roofline_large": partial(rates.training, in_large=True, target=0.45),
    "pretraining": partial(pretraining.of_mini, target=600.0),
    "useful_generation": partial(generation.useful_share, target=0.95),
    "useful_labelling": partial(labelling.useful_share, target=0.95),
    "useful_training": partial(training.useful_share, target=0.95),
    "dvc_repro": partial(pipeline.nothing_to_do, command="repro", target=10.0),
    "dvc_status_paper": partial(pipeline.nothing_to_do, command="status of one", target=10.0),
    "dvc_status": partial(pipeline.nothing_to_do, command="status", target=10.0),
    "memory": partial(memory.against_loop, target=1.0),
    "growth_sentences": growth.with_sentences,
    "growth_length": growth.with_length,
    "growth_languages": growth.with_languages,
}
"""What is measured, in the order of the page."""


def chosen(names: str) -> list[str]:
    """The lines of a list with commas between; all of them for `all`.

    Raises:
        ValueError: there is no such line.
    """
    wanted = list(LINES) if names == "all" else names.split(",")
    if unknown := [name for name in wanted if name not in LINES]:
        raise ValueError(f"--lines must be of {', '.join(LINES)}, was: {', '.join(unknown)}")
    return wanted


def run(
    names: Sequence[str], *, scale: str, device: str, path: Path, report: Callable[[Outcome], None]
) -> dict[str, Outcome]:
    """Run lines one after the other, keep each in a file as soon as it is there, and return all of the file.

    Raises:
        ValueError: there is no such device or scale, or, after all other lines, what must be equal is not.
    """
    if device not in ("cpu", "cuda"):
        raise ValueError(f"--device must be cpu or cuda, was: {device}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda needs a GPU that PyTorch can use, was: none")
    read_outcomes(path)
    place = torch.device(device)
    work = workload(scale_of(scale, place), place)
    failed = []
    for name in names:
        try:
            finding = LINES[name](work)
        except ValueError as error:
            failed.append(f"{name}: {error}")
            continue
        outcome = Outcome(line=name, circumstances=circumstances(work), finding=finding)
        keep(path, outcome, order=LINES)
        report(outcome)
    if failed:
        raise ValueError("; ".join(failed))
    return read_outcomes(path)
