"""Training a task model on one or several labelled corpora (UXLA §2.1 and line 21 of Algorithm 1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from uxla.batches import Batch, collate
from uxla.descent import Fit, Judge, Recipe, descend
from uxla.devices import autocast
from uxla.encoding import Ints, Rows
from uxla.examples import Corpus
from uxla.inference import predict_rows
from uxla.losses import cross_entropy
from uxla.metrics import evaluate
from uxla.mixing import mixed_batches
from uxla.models import TaskModel
from uxla.optimisation import Log, ignore
from uxla.predictions import Predictions
from uxla.randomness import derive_seed
from uxla.replay import Replayed
from uxla.trimming import trimmed

LENGTHS = 16
"""Rows of small batches are padded to a multiple of this on a GPU: few shapes then come again and again."""

SMALL = 8192
"""Tokens of a batch up to which a GPU computes it faster than the host can launch that."""


@dataclass(frozen=True)
class SoftCorpus:
    """A corpus whose labels are distributions over the classes; classes of its own do not count."""

    corpus: Corpus
    labels: Predictions


@dataclass(frozen=True)
class DevSet:
    """A labelled dev set, and what a model scores on it as it comes, if that is known already."""

    corpus: Corpus
    score: float | None = None


def fit(
    model: TaskModel,
    corpora: Sequence[Corpus | SoftCorpus],
    recipe: Recipe,
    *,
    validation: Corpus | DevSet | None,
    sampling_factor: float = 1.0,
    seed: int,
    log: Log = ignore,
) -> Fit:
    """Train a model in place and leave it with its best weights by the dev set.

    Args:
        model: what is trained.
        corpora: labelled, by classes or softly; each micro-batch comes from one of them (Eq. 2).
        recipe: how to train.
        validation: the labelled dev set that selects the weights; None keeps the last ones.
        sampling_factor: alpha of Eq. 2.
        seed: of the order of examples and of dropout.
        log: receives `loss` at every step and `dev` at every validation; in between the embedding may hold
            the subwords of these corpora alone (`uxla.trimming`).

    Raises:
        ValueError: a corpus is empty or unlabelled, soft labels are of other positions or classes
            than their corpus, or the recipe's rows are longer than the encoder takes.
    """
    dev = validation if isinstance(validation, DevSet) or validation is None else DevSet(validation)
    rows = [_encoded(corpus, model, recipe) for corpus in corpora]
    dev_rows = [] if dev is None else [_encoded(dev.corpus, model, recipe)]
    n_steps = recipe.n_steps(sum(map(len, rows)))
    batches = mixed_batches(
        [r.lengths for r in rows],
        sampling_factor=sampling_factor,
        batch_size=recipe.batch_size,
        n_batches=n_steps * recipe.accumulate,
        seed=derive_seed(seed, "batches"),
    )
    with trimmed(model.network, [*rows, *dev_rows]) as renumbered:
        in_use, backward = [renumbered(some) for some in rows], _backward(model, recipe)
        coming = (_collate(model, in_use[corpus], chosen) for corpus, chosen in batches)
        return descend(
            model.network,
            lambda: backward(next(coming)),
            recipe,
            n_steps=n_steps,
            judge=_judge(model, dev, [renumbered(some) for some in dev_rows], recipe),
            seed=seed,
            log=log,
        )


def _judge(model: TaskModel, dev: DevSet | None, dev_rows: Sequence[Rows], recipe: Recipe) -> Judge:
    if dev is None:
        return Judge(model.network, None)
    (rows,) = dev_rows

    def score() -> float:
        found = predict_rows(model, rows, len(dev.corpus), precision=recipe.precision)
        return evaluate(model.task, dev.corpus, found.classes)[model.task.metric]

    return Judge(model.network, score, known=dev.score)


def _encoded(corpus: Corpus | SoftCorpus, model: TaskModel, recipe: Recipe) -> Rows:
    plain, soft = (corpus.corpus, corpus.labels) if isinstance(corpus, SoftCorpus) else (corpus, None)
    if soft is None and len(plain) and not plain.is_labelled:
        raise ValueError(f"training needs labels, was: an unlabelled corpus of {len(plain)} examples")
    rows = model.encode(plain, max_length=recipe.max_length)
    if soft is None:
        return rows
    expected, shape = (len(rows.marks), model.task.n_classes), soft.probabilities.shape
    if shape != expected:
        raise ValueError(f"soft labels of this corpus must have the shape {expected}, was: {shape}")
    return replace(rows, labels=soft.probabilities)


def _collate(model: TaskModel, rows: Rows, chosen: Ints) -> Batch:
    multiple = None
    # What a GPU records is replayed for batches of the same shape alone, none longer than the model takes.
    if model.device.type != "cpu" and model.max_length % LENGTHS == 0:
        longest = (rows.starts[chosen + 1] - rows.starts[chosen]).max()
        multiple = LENGTHS if len(chosen) * longest <= SMALL else None
    return collate(
        rows,
        chosen,
        padding=model.encoder.padding,
        device=model.device,
        segments=model.has_segments,
        multiple=multiple,
    )


def _backward(model: TaskModel, recipe: Recipe) -> Callable[[Batch], torch.Tensor]:
    """Adds the gradients of a batch and returns its loss; a GPU records that once for every shape."""

    def compute(batch: Batch) -> torch.Tensor:
        with autocast(model.device, recipe.precision):
            logits = model.logits(batch)
        loss = cross_entropy(
            logits, batch.labels, confidence_penalty=recipe.confidence_penalty, weights=batch.weights
        )
        loss = loss / recipe.accumulate
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    replayed = Replayed(compute)
    return lambda batch: compute(batch) if batch.weights is None else replayed(batch)
