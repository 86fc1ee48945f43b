"""The smoke profile with two targets and a hundredth of the work, for tests of whole stages and pipelines."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
TASK, SOURCE, TARGETS = "xner", "qaa", ("qab", "qac")
SEEDS = (11, 22, 33)
ANALYSED, ABLATIONS = "qab", ("clustering-0.5", "confidence-80", "confidence-50-alone", "soft-80")

FURTHER = ("mbert_cross_entropy", "mbert_confidence_penalty", "continued_confidence_penalty", "lstm_crf")
"""Baselines beside those of every table."""

TEXT, TRAINING, DEV, TEST = 200, 40, 20, 30
"""Sentences of a language."""


def write_miniature(path: Path, *, baselines: bool = True) -> None:
    """Write params.yaml and run.yaml with a small smoke profile; anchors and `<<` stay as they are.

    It has further baselines or, to be quicker, none beside those of every table.
    """
    yaml = YAML()
    content = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    runs = yaml.load((ROOT / "run.yaml").read_text(encoding="utf-8"))
    profile, run = content["profiles"]["smoke"], runs["profiles"]["smoke"]["run"]
    _shrink(profile)
    _shrink_run(run)
    if not baselines:
        run |= {"rivals": {}, "rival_models": {}, "tagged": {}, "contrasted": []}
        profile["tasks"][TASK] |= {"rivals": {}, "tagger": None}
    for name, written in ((path.name, content), ("run.yaml", runs)):
        with path.with_name(name).open("w", encoding="utf-8") as file:
            yaml.dump(written, file)


def _shrink_run(run: Any) -> None:
    run["tasks"] = [TASK]
    languages = (SOURCE, *TARGETS)
    run["corpora"] = {f"{TASK}-{code}": {"task": TASK, "language": code} for code in languages}
    run["supervised"] = {f"{TASK}-{code}": {"task": TASK, "language": code} for code in TARGETS}
    run["cells"] = {f"{TASK}-{c}": {"task": TASK, "target": c, "supervised": c} for c in TARGETS}
    run["tagged"] = {f"{TASK}-{code}": {"task": TASK, "language": code} for code in languages}
    run["analysed"] = {"tasks": [TASK], "cells": {f"{TASK}-{ANALYSED}": {"task": TASK, "target": ANALYSED}}}


def _shrink(profile: Any) -> None:
    task = profile["tasks"][TASK]
    profile["tasks"] = {TASK: task}
    languages = (SOURCE, *TARGETS)
    small = {"vocabulary": 600, "layers": 2, "width": 32, "heads": 2, "feed_forward": 64}
    profile["language_model"] |= {**small, "max_steps": 60, "batch_size": 32, "learning_rate": 5e-3}
    profile["language_model"]["corpora"] = [f"{TASK}/{code}" for code in languages]
    for rival in task["rivals"].values():
        rival["encoder"] |= {"max_steps": 20, "batch_size": 16}
        rival["encoder"]["corpora"] = [f"{TASK}/{code}" for code in languages]
    task["tagger"] |= {"max_steps": 20, "validate_every": 10}
    task["ablated"] = [ANALYSED]
    task["data"] |= {"dev_sentences": DEV, "test_sentences": TEST}
    for language in task["data"]["world"]["languages"].values():
        language |= {"text_sentences": TEXT, "train_sentences": TRAINING}
    task["languages"] = list(TARGETS)
    task["seeds"] = list(SEEDS)
    task["warmup"] |= {"max_steps": 60, "validate_every": 20, "batch_size": 16, "learning_rate": 5e-3}
    task["supervision"] |= {"max_steps": 20, "validate_every": 10}
    task["adaptation"] |= {"max_steps": 6, "validate_every": 3}
    for code in set(task["targets"]) - set(TARGETS):
        del task["targets"][code]
    for name in set(task["ablations"]) - set(ABLATIONS):
        del task["ablations"][name]
    task["evaluation"]["resamples"] = 199
