"""Masked-LM training: what the mini profile's would take with an encoder of 30 million weights."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmark.building import make, optimisation
from benchmark.sections import LanguageModelSection
from benchmark.settings import read_parameters
from benchmark.speed.outcome import Finding
from benchmark.speed.workload import SEED, Workload
from uxla.devices import Precision
from uxla.language_model import MaskedLanguageModel
from uxla.pretraining import Pretraining, Shape, new_language_model, pretrain
from uxla.tokenizer import train_tokenizer

LARGER = {"layers": 7, "width": 512, "heads": 8, "feed_forward": 2048}
"""With a vocabulary of 16,000 pieces these are 30 million weights."""


def of_mini(work: Workload, *, target: float) -> Finding:
    """Seconds for all steps of mini's masked LM, were it larger, from the time of some; a target for GPUs."""
    scale, section = work.scale, read_parameters(Path("params.yaml")).profiles["mini"].language_model
    if not isinstance(section, LanguageModelSection):
        raise ValueError("profiles.mini.language_model must be trained from scratch, was: a public one")
    is_gpu = work.device.type == "cuda"
    if is_gpu:
        torch.cuda.reset_peak_memory_stats()
    model, ends = _trained(work, section, n_steps=4 * scale.steps)
    # What is logged is waited for, the loss of the step before; the first steps warm up.
    blocks = np.array_split(np.diff(ends)[scale.steps :], 3)
    times = [float(block.mean()) * section.max_steps for block in blocks]
    details: dict[str, float | str] = {
        "steps": section.max_steps,
        "steps timed": 3 * scale.steps,
        "sentences a step": section.batch_size,
        "weights": sum(weight.numel() for weight in model.network.parameters()),
    }
    if is_gpu:
        details["peak GB of the GPU"] = torch.cuda.max_memory_allocated() / 1e9
    return Finding(
        what="masked-LM training of mini, bf16, were its encoder of 30 million weights",
        against="",
        unit="seconds",
        target=target if is_gpu else None,
        at_most=True,
        value=median(times),
        low=min(times),
        high=max(times),
        equality="none: only we are timed",
        details=details,
    )


def _trained(
    work: Workload, section: LanguageModelSection, *, n_steps: int
) -> tuple[MaskedLanguageModel, list[float]]:
    """The larger masked LM after some steps on all sentences at hand, and when each step ended."""
    shape: dict[str, Any] = dict(LARGER)
    if work.scale.name == "tiny":
        shape = {name: getattr(work.scale, name) for name in LARGER}
    corpora = [*work.corpora.values(), work.english]
    texts = (" ".join(text) for corpus in corpora for example in corpus for text in example.texts)
    tokenizer = train_tokenizer(texts, vocabulary=section.vocabulary)
    shape |= {"vocabulary": len(tokenizer), "max_length": section.max_length, "dropout": section.dropout}
    model = new_language_model(tokenizer, Shape(**shape), seed=SEED).to(work.device)
    own = {"optimisation": optimisation(section), "precision": Precision.BF16, "max_steps": n_steps}
    ends = list[float]()
    with tempfile.TemporaryDirectory() as folder:
        pretrain(
            model,
            corpora,
            make(Pretraining, section, **own),
            seed=SEED,
            state=Path(folder) / "state",
            log=lambda _step, _metrics: ends.append(time.perf_counter()),
        )
    return model, ends
