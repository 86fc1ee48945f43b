"""Training a task model on one or several labelled corpora (UXLA §2.1 and line 21 of Algorithm 1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from uxla.batches import collate
from uxla.devices import Precision, autocast
from uxla.encoding import Ints, Rows, encode
from uxla.examples import Corpus
from uxla.inference import predict_rows
from uxla.losses import cross_entropy
from uxla.metrics import evaluate
from uxla.mixing import mixed_batches
from uxla.models import TaskModel
from uxla.optimisation import Log, Optimisation, Optimiser, ignore
from uxla.predictions import Predictions
from uxla.randomness import derive_seed, torch_seed


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a task model is trained (Table 8).

    Exactly one of `max_steps` and `train_passes` is given: the number of updates, or how often the
    examples are gone through.
    """

    optimisation: Optimisation
    batch_size: int
    accumulate: int
    max_steps: int | None
    train_passes: float | None
    max_length: int
    validate_every: int
    confidence_penalty: bool
    precision: Precision = Precision.FP32

    def n_steps(self, n_examples: int) -> int:
        """Number of updates for so many examples; at least one."""
        if self.max_steps is not None:
            return self.max_steps
        if self.train_passes is None:
            raise ValueError("a recipe needs max_steps or train_passes, was: neither")
        return max(1, int(n_examples * self.train_passes) // (self.batch_size * self.accumulate))


@dataclass(frozen=True)
class SoftCorpus:
    """A corpus whose labels are distributions over the classes; classes of its own do not count."""

    corpus: Corpus
    labels: Predictions


@dataclass(frozen=True)
class Fit:
    """How a training went: dev scores before and at its best (None without a dev set), and updates done.

    `improved` says whether the weights changed: they are those of the best dev score, and without
    any improvement those from before.
    """

    before: float | None
    best: float | None
    n_steps: int
    improved: bool


def fit(
    model: TaskModel,
    corpora: Sequence[Corpus | SoftCorpus],
    recipe: Recipe,
    *,
    validation: Corpus | None,
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
    judge = _Judge(model, validation, recipe)
    before = judge.look(0, log)
    optimiser = Optimiser(model.network, recipe.optimisation, n_steps=n_steps)
    batches = mixed_batches(
        [r.lengths for r in rows],
        sampling_factor=sampling_factor,
        batch_size=recipe.batch_size,
        n_batches=n_steps * recipe.accumulate,
        seed=derive_seed(seed, "batches"),
    )
    model.network.train()
    with torch_seed(seed, "dropout"):
        for step in range(1, n_steps + 1):
            loss = sum((_backward(model, rows, next(batches), recipe) for _ in range(recipe.accumulate)), 0.0)
            optimiser.step((step - 1) / n_steps)
            log(step, {"loss": loss})
            if step % recipe.validate_every == 0 or step == n_steps:
                judge.look(step, log)
    model.network.eval()  # type: ignore[no-untyped-call]
    return judge.verdict(before, n_steps)


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


class _Judge:
    """Scores a model on the dev set and remembers its best weights."""

    def __init__(self, model: TaskModel, validation: Corpus | None, recipe: Recipe) -> None:
        self._model, self._validation, self._precision = model, validation, recipe.precision
        self._best: float | None = None
        self._weights: dict[str, torch.Tensor] = {}
        if validation is not None:
            self._rows = _encoded(validation, model, recipe)

    def look(self, step: int, log: Log) -> float | None:
        """Score the model; a strict improvement, or the first look, is remembered."""
        if self._validation is None:
            return None
        predictions = predict_rows(self._model, self._rows, len(self._validation), precision=self._precision)
        score = evaluate(self._model.task, self._validation, predictions.classes)[self._model.task.metric]
        log(step, {"dev": score})
        if self._best is None or score > self._best:
            self._best = score
            state = self._model.network.state_dict()
            self._weights = {name: weight.detach().clone() for name, weight in state.items()}
            self._improved = step > 0
        self._model.network.train()
        return score

    def verdict(self, before: float | None, n_steps: int) -> Fit:
        """Put the best weights back and say how it went."""
        if self._validation is None:
            return Fit(None, None, n_steps, improved=True)
        self._model.network.load_state_dict(self._weights)
        return Fit(before, self._best, n_steps, improved=self._improved)
