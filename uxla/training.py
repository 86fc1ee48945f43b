"""Training a task model on one or several labelled corpora (UXLA §2.1 and line 21 of Algorithm 1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from uxla.batches import collate
from uxla.descent import Fit, Judge, Recipe, descend
from uxla.devices import autocast
from uxla.encoding import Ints, Rows, encode
from uxla.examples import Corpus
from uxla.inference import predict_rows
from uxla.losses import cross_entropy
from uxla.metrics import evaluate
from uxla.mixing import mixed_batches
from uxla.models import TaskModel
from uxla.optimisation import Log, ignore
from uxla.predictions import Predictions
from uxla.randomness import derive_seed


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
        log: receives `loss` at every step and `dev` at every validation.

    Raises:
        ValueError: a corpus is empty or unlabelled, soft labels are of other positions or classes
            than their corpus, or the recipe's rows are longer than the encoder takes.
    """
    rows = [_encoded(corpus, model, recipe) for corpus in corpora]
    n_steps = recipe.n_steps(sum(map(len, rows)))
    batches = mixed_batches(
        [r.lengths for r in rows],
        sampling_factor=sampling_factor,
        batch_size=recipe.batch_size,
        n_batches=n_steps * recipe.accumulate,
        seed=derive_seed(seed, "batches"),
    )
    judge = _judge(model, validation, recipe)
    return descend(
        model.network,
        lambda: _backward(model, rows, next(batches), recipe),
        recipe,
        n_steps=n_steps,
        judge=judge,
        seed=seed,
        log=log,
    )


def _judge(model: TaskModel, validation: Corpus | DevSet | None, recipe: Recipe) -> Judge:
    if validation is None:
        return Judge(model.network, None)
    dev = validation if isinstance(validation, DevSet) else DevSet(validation)
    rows = _encoded(dev.corpus, model, recipe)

    def score() -> float:
        found = predict_rows(model, rows, len(dev.corpus), precision=recipe.precision)
        return evaluate(model.task, dev.corpus, found.classes)[model.task.metric]

    return Judge(model.network, score, known=dev.score)


def _encoded(corpus: Corpus | SoftCorpus, model: TaskModel, recipe: Recipe) -> Rows:
    plain, soft = (corpus.corpus, corpus.labels) if isinstance(corpus, SoftCorpus) else (corpus, None)
    if soft is None and len(plain) and not plain.is_labelled:
        raise ValueError(f"training needs labels, was: an unlabelled corpus of {len(plain)} examples")
    if recipe.max_length > model.max_length:
        raise ValueError(f"max_length must be at most {model.max_length} here, was: {recipe.max_length}")
    rows = encode(plain, model.task, model.encoder, max_length=recipe.max_length)
    if soft is None:
        return rows
    expected, shape = (len(rows.marks), model.task.n_classes), soft.probabilities.shape
    if shape != expected:
        raise ValueError(f"soft labels of this corpus must have the shape {expected}, was: {shape}")
    return replace(rows, labels=soft.probabilities)


def _backward(model: TaskModel, rows: Sequence[Rows], batch: tuple[int, Ints], recipe: Recipe) -> float:
    corpus, chosen = batch
    tensors = collate(
        rows[corpus], chosen, padding=model.encoder.padding, device=model.device, segments=model.has_segments
    )
    with autocast(model.device, recipe.precision):
        logits = model.logits(tensors)
    loss = cross_entropy(logits, tensors.labels, confidence_penalty=recipe.confidence_penalty)
    loss = loss / recipe.accumulate
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())
