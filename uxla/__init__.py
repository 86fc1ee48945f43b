"""UXLA: unsupervised data augmentation for zero-resource cross-lingual transfer (ACL 2021), as a library.

The names below are the public ones; each is imported when it is first used, so that selection code
runs without PyTorch.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "AdaptationPlan": "coteaching",
    "CURRICULUM": "coteaching",
    "Corpus": "examples",
    "Example": "examples",
    "Fit": "descent",
    "LstmCrf": "lstm_crf",
    "MaskedLanguageModel": "language_model",
    "Optimisation": "optimisation",
    "Origin": "coteaching",
    "Predictions": "predictions",
    "Recipe": "descent",
    "SoftCorpus": "training",
    "TASKS": "tasks",
    "Task": "tasks",
    "TaskModel": "models",
    "TransferData": "coteaching",
    "Vicinity": "vicinity",
    "agreement": "distillation",
    "co_teach": "coteaching",
    "distill_by_clustering": "distillation",
    "distill_by_confidence": "distillation",
    "ensemble": "predictions",
    "evaluate": "metrics",
    "fit": "training",
    "fit_lstm_crf": "lstm_crf_training",
    "generate": "vicinity",
    "mixing_weights": "mixing",
    "predict": "inference",
    "pretrain": "pretraining",
    "read_columns": "readers",
    "train_tokenizer": "tokenizer",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module uxla has no attribute {name!r}")
    return getattr(import_module(f"uxla.{_HOMES[name]}"), name)
