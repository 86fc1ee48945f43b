"""Points for Figures 3 and 4: class logits of single words, and losses of whole sentences (App. B)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from uxla.distillation import distill_by_confidence
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.randomness import derive_seed, generator
from uxla.tasks import Level

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_POINTS = 600
"""Words of a plot of logits: more of them hide one another."""


def write_samples(
    folder: Path,
    models: Mapping[str, TaskModel],
    *,
    dev: Corpus,
    labelled: Corpus,
    keep_fraction: float,
    seed: int,
) -> None:
    """Write `logits.csv` and `sentences.csv` of one model an objective.

    The logits are those of words of the dev set that are, or are taken for, part of a name (of every example,
    where examples are classified), in two dimensions by t-SNE. Sentences are those of the training set, with
    their loss with respect to the model's own labels, the number of wrong labels, and whether DISTIL by
    confidence selects them.
    """
    logits = [_logits(model, dev, seed).assign(objective=name) for name, model in models.items()]
    sentences = [
        _sentences(model, labelled, keep_fraction).assign(objective=name) for name, model in models.items()
    ]
    with replacing(folder) as temporary:
        temporary.mkdir()
        for name, frames in {"logits": logits, "sentences": sentences}.items():
            pd.concat(frames).to_csv(temporary / f"{name}.csv", index=False, lineterminator="\n")


def _logits(model: TaskModel, dev: Corpus, seed: int) -> pd.DataFrame:
    """x, y and the gold label of up to MOST_POINTS positions."""
    predicted = predict(model, dev.unlabelled())
    gold = np.concatenate(dev.classes)
    shown = np.arange(len(gold))
    if model.task.level is Level.WORD:
        shown = np.flatnonzero((gold > 0) | (predicted.flat_classes > 0))
    random = generator(seed, "logits")
    shown = np.sort(random.permutation(shown)[:MOST_POINTS])
    # Up to a constant for each word, which the softmax takes away, logits are these.
    logits = np.log(np.maximum(predicted.probabilities[shown], np.finfo(np.float32).tiny)).astype(np.float64)
    logits -= logits.mean(axis=1, keepdims=True)
    x, y = _in_two_dimensions(logits, seed).T
    labels = [model.task.labels[c].split("-")[-1] for c in gold[shown]]
    return pd.DataFrame({"x": x.round(3), "y": y.round(3), "label": labels})


def _in_two_dimensions(points: Floats, seed: int) -> Floats:
    if len(points) < 3:  # nothing to arrange
        return np.zeros((len(points), 2))
    tsne = TSNE(
        perplexity=min(30.0, (len(points) - 1) / 3),
        init="pca",
        random_state=derive_seed(seed, "tsne") % 2**32,
    )
    # Sums over several threads differ in their last digits, and with them the whole picture.
    with threadpool_limits(1):
        return np.asarray(tsne.fit_transform(points), np.float64)


def _sentences(model: TaskModel, labelled: Corpus, keep_fraction: float) -> pd.DataFrame:
    """Words, loss, wrong labels and selection of every sentence."""
    predicted = predict(model, labelled.unlabelled())
    wrong = [int((p != g).sum()) for p, g in zip(predicted.classes, labelled.classes, strict=True)]
    selected = np.zeros(len(labelled), bool)
    selected[distill_by_confidence(predicted, keep_fraction)] = True
    return pd.DataFrame(
        {
            "words": [sum(map(len, example.texts)) for example in labelled],
            "loss": predicted.loss.astype(np.float64).round(6),
            "wrong": wrong,
            "selected": selected.astype(int),
        }
    )
