"""Training an LSTM-CRF on the labels of one language (Lample et al. 2016, section 4)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from uxla.descent import Fit, Judge, Recipe, descend
from uxla.examples import Corpus
from uxla.lstm_crf import Batch, LstmCrf, collate
from uxla.metrics import evaluate
from uxla.mixing import mixed_batches
from uxla.optimisation import Log, ignore
from uxla.randomness import derive_seed, generator
from uxla.vocabulary import UNKNOWN, Sentences


def fit_lstm_crf(
    model: LstmCrf,
    corpus: Corpus,
    recipe: Recipe,
    *,
    validation: Corpus | None,
    unknown_ratio: float,
    seed: int,
    log: Log = ignore,
) -> Fit:
    """Train an LSTM-CRF in place and leave it with its best weights by the span F1 on the dev set.

    Sentences without words teach nothing and are left out.

    Args:
        model: what is trained.
        corpus: labelled.
        recipe: how to train; sentences are read whole and in full precision, so `max_length` and
            `precision` do not apply.
        validation: the labelled dev set that selects the weights; None keeps the last ones.
        unknown_ratio: in 0-1, how often a word that the corpus has once is read as an unknown one.
        seed: of the order of sentences, of unknown words and of dropout.
        log: receives `loss` at every step and `dev` at every validation.

    Raises:
        ValueError: the corpus is empty or unlabelled, the recipe has a confidence penalty,
            or the ratio lies elsewhere.
    """
    _check(corpus, recipe, unknown_ratio)
    sentences = model.vocabulary.encode(corpus)
    n_steps = recipe.n_steps(int(np.count_nonzero(sentences.lengths)))
    batches = _batches(model, sentences, recipe, unknown_ratio=unknown_ratio, seed=seed)

    def backward() -> torch.Tensor:
        loss = model.network.loss(next(batches)) / recipe.accumulate
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    judge = _judge(model, validation)
    return descend(model.network, backward, recipe, n_steps=n_steps, judge=judge, seed=seed, log=log)


def _judge(model: LstmCrf, validation: Corpus | None) -> Judge:
    if validation is None:
        return Judge(model.network, None)
    sentences = model.vocabulary.encode(validation)

    def score() -> float:
        classes = model.predict_sentences(sentences).classes
        return evaluate(model.task, validation, classes)[model.task.metric]

    return Judge(model.network, score)


def _check(corpus: Corpus, recipe: Recipe, unknown_ratio: float) -> None:
    if len(corpus) and not corpus.is_labelled:
        raise ValueError(f"training needs labels, was: an unlabelled corpus of {len(corpus)} examples")
    if recipe.confidence_penalty:
        raise ValueError("an LSTM-CRF has no confidence penalty: confidence_penalty must be False, was: True")
    if not 0 <= unknown_ratio <= 1:
        raise ValueError(f"unknown_ratio must lie in [0, 1], was: {unknown_ratio}")


def _batches(
    model: LstmCrf, sentences: Sentences, recipe: Recipe, *, unknown_ratio: float, seed: int
) -> Iterator[Batch]:
    """Sentences of like length, some of their words of a single occurrence unknown."""
    rows = np.flatnonzero(sentences.lengths)
    counts = np.bincount(sentences.words[sentences.forms], minlength=len(model.vocabulary.words) + 1)
    once = torch.from_numpy(counts == 1).to(model.device)
    random = generator(seed, "unknown")
    for _, chosen in mixed_batches(
        [sentences.lengths[rows]],
        sampling_factor=1.0,
        batch_size=recipe.batch_size,
        n_batches=recipe.n_steps(len(rows)) * recipe.accumulate,
        seed=derive_seed(seed, "batches"),
    ):
        batch = collate(sentences, rows[chosen], device=model.device)
        drawn = torch.from_numpy(random.random(batch.words.shape) < unknown_ratio).to(model.device)
        yield replace(batch, words=batch.words.masked_fill(once[batch.words] & drawn, UNKNOWN))
