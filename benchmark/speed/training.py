"""A step of training beside `Trainer.train`, which draws its batches at random."""

import tempfile
from functools import partial

import numpy as np
import torch

from benchmark.speed.alternating import alternate
from benchmark.speed.outcome import Finding
from benchmark.speed.trainers import Trained, missing
from benchmark.speed.useful import share
from benchmark.speed.workload import SEED, Workload
from uxla.descent import Recipe
from uxla.devices import Precision
from uxla.encoding import Ints, encode
from uxla.examples import Corpus
from uxla.mixing import mixed_batches
from uxla.models import TaskModel
from uxla.optimisation import Optimisation
from uxla.randomness import derive_seed
from uxla.training import fit

MAX_LENGTH = 280
"""Subwords of a row in training (Table 8)."""

LOSS_TOLERANCE = 1e-4
"""Relative, of the loss of the first step."""

WEIGHT_TOLERANCE = 1e-2
"""Of the distance between the weights after some steps, relative to how far these have moved."""


def against_trainer(work: Workload, *, precision: Precision, target: float) -> Finding:
    """A pass over examples in a precision beside `Trainer.train` in full precision and random order.

    That both learn the same is made sure of on the same batches.
    """
    finding = Finding(
        what=f"training step of {work.task.title}, {precision.value}, {work.scale.batch} examples",
        against="Trainer.train, dynamic padding, fp32, the same examples in batches drawn at random",
        unit="times",
        target=target,
    )
    if reason := missing():
        return finding.with_({"skipped": reason})
    corpus = work.sentences(work.scale.batch * work.scale.steps)
    order = np.random.default_rng(SEED).permutation(len(corpus))
    with tempfile.TemporaryDirectory() as folder:
        equality = same_training(work, corpus, folder)
        model = work.task_model()
        how = recipe(work, precision, n_steps=work.scale.steps)
        peer = Trained(model, folder, batch_size=work.scale.batch)
        batches = np.array_split(order, work.scale.steps)
        pairs = alternate(
            lambda: fit(model, [corpus], how, validation=None, seed=SEED),
            lambda: peer.train(corpus, how, batches, seed=SEED),
            n_pairs=work.scale.pairs,
            device=work.device,
        )
    details: dict[str, float | str] = {"steps": work.scale.steps, "examples": len(corpus)}
    measured = {"equality": equality, "details": details | pairs.details(), **pairs.numbers()}
    return finding.with_(measured)


def useful_share(work: Workload, *, target: float) -> Finding:
    """The useful share of the tokens of a pass through a larger corpus."""
    corpus, model = work.sentences(8 * work.scale.labelled), work.small.task_model()
    how = recipe(work.small, Precision.FP32, n_steps=max(1, len(corpus) // work.scale.batch))
    run = partial(fit, model, [corpus], how, validation=None, seed=SEED)
    return share("training", model.network, run, target=target)


def recipe(work: Workload, precision: Precision, *, n_steps: int) -> Recipe:
    """Table 8 for XNER, in batches of the scale; a single step of warm-up counts alike on both sides."""
    return Recipe(
        optimisation=Optimisation(
            learning_rate=5e-6, lr_warmup=1.0, weight_decay=0.01, adam_epsilon=1e-8, max_gradient_norm=1.0
        ),
        batch_size=work.scale.batch,
        accumulate=1,
        max_steps=n_steps,
        train_passes=None,
        max_length=MAX_LENGTH,
        validate_every=n_steps,
        confidence_penalty=False,
        precision=precision,
    )


def batches_of(corpus: Corpus, model: TaskModel, how: Recipe) -> list[Ints]:
    """The rows of the batches that `fit` draws from a corpus, step by step."""
    rows = encode(corpus, model.task, model.encoder, max_length=how.max_length)
    if len(rows) != len(corpus):
        raise ValueError(f"every sentence must fit into a row, was: {len(rows)} rows of {len(corpus)}")
    drawn = mixed_batches(
        [rows.lengths],
        sampling_factor=1.0,
        batch_size=how.batch_size,
        n_batches=how.n_steps(len(rows)) * how.accumulate,
        seed=derive_seed(SEED, "batches"),
    )
    return [chosen for _, chosen in drawn]


def same_training(work: Workload, corpus: Corpus, folder: str) -> str:
    """Train both sides without dropout and say that they are equal.

    Raises:
        ValueError: the losses of the first step, or the weights after the last one, differ.
    """
    model, how = work.task_model(dropout=0.0), recipe(work, Precision.FP32, n_steps=work.scale.steps)
    peer = Trained(model, folder, batch_size=how.batch_size)
    before = _weights(model.network)
    losses: list[float] = []
    log = partial(_keep_loss, losses)
    fit(model, [corpus], how, validation=None, seed=SEED, log=log)
    expected = peer.train(corpus, how, batches_of(corpus, model, how), seed=SEED, every_loss=True)
    if not np.isclose(losses[0], expected[0], rtol=LOSS_TOLERANCE, atol=0):
        raise ValueError(f"the first loss must be that of Trainer, {expected[0]}, was: {losses[0]}")
    ours, theirs = _weights(model.network), _weights(peer.network)
    apart = float((ours - theirs).norm() / (theirs - before).norm())
    if apart > WEIGHT_TOLERANCE:
        raise ValueError(f"weights must lie within {WEIGHT_TOLERANCE} of Trainer's, was: {apart:.2g}")
    return (
        f"without dropout, fp32: the first loss within {LOSS_TOLERANCE:g} of Trainer's, weights after "
        f"{len(losses)} steps {apart:.1g} apart, relative to how far they moved "
        f"(at most {WEIGHT_TOLERANCE:g})"
    )


def _keep_loss(losses: list[float], _step: int, metrics: dict[str, float]) -> None:
    losses.append(metrics["loss"])


def _weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten().clone() for weight in network.parameters()]).cpu()
