"""A model over a corpus, in batches of like length."""

import numpy as np
import torch

from uxla.batches import collate, length_buckets
from uxla.devices import Precision, autocast
from uxla.encoding import Rows, encode
from uxla.examples import Corpus
from uxla.models import TaskModel
from uxla.predictions import Predictions

TOKEN_BUDGET = 8192
"""Tokens in one batch, padding included; bounds memory, never changes a result."""


def predict(
    model: TaskModel,
    corpus: Corpus,
    *,
    max_length: int | None = None,
    token_budget: int = TOKEN_BUDGET,
    precision: Precision = Precision.FP32,
) -> Predictions:
    """Class probabilities of every word (XNER) or example (pairs), whatever the length of the text."""
    rows = encode(corpus, model.task, model.encoder, max_length=max_length or model.max_length)
    return predict_rows(model, rows, len(corpus), token_budget=token_budget, precision=precision)


def predict_rows(
    model: TaskModel,
    rows: Rows,
    n_examples: int,
    *,
    token_budget: int = TOKEN_BUDGET,
    precision: Precision = Precision.FP32,
) -> Predictions:
    """Class probabilities for rows that are encoded already."""
    probabilities = np.zeros((len(rows.marks), model.task.n_classes), np.float32)
    was_training = model.network.training
    model.network.eval()  # type: ignore[no-untyped-call]
    with torch.inference_mode(), autocast(model.device, precision):
        for chosen in length_buckets(rows.lengths, token_budget=token_budget):
            batch = collate(
                rows, chosen, padding=model.encoder.padding, device=model.device, segments=model.has_segments
            )
            scores = torch.softmax(model.logits(batch).float(), dim=-1).cpu().numpy()
            where = [np.arange(rows.mark_starts[r], rows.mark_starts[r + 1]) for r in chosen]
            probabilities[np.concatenate(where)] = scores
    model.network.train(was_training)
    counts = np.bincount(rows.examples, weights=np.diff(rows.mark_starts), minlength=n_examples)
    return Predictions(probabilities, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
