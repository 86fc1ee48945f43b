"""How fluent the masked LM finds a sentence: a further feature for clustering (UXLA App. C)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from uxla.batches import attention, length_buckets, padded
from uxla.devices import default_token_budget, send
from uxla.examples import Words
from uxla.language_model import MaskedLanguageModel

Floats = np.ndarray[Any, np.dtype[np.float64]]


def fluency(
    language_model: MaskedLanguageModel,
    texts: Sequence[Words],
    *,
    stride: int = 6,
    token_budget: int | None = None,
) -> Floats:
    """Mean log-probability of the subwords of each text, each predicted once from the others: (n_texts,).

    Every `stride`-th subword is masked at a time, so a text costs `stride` passes whatever its
    length. A text longer than the model takes is judged by its beginning; one without subwords by 0.
    """
    token_budget = token_budget or default_token_budget(language_model.device)
    encoder = language_model.encoder
    room = language_model.max_length - len(encoder.frame([[]])[0])
    rows = [encoder.frame([[i for w in text for i in encoder.pieces(w)][:room]])[0] for text in texts]
    first, n_special = len(encoder.before), len(encoder.frame([[]])[0])
    sums = np.zeros(len(rows))
    language_model.network.eval()  # type: ignore[no-untyped-call]
    for shift in range(stride):
        masked = [np.arange(first + shift, first + len(row) - n_special, stride) for row in rows]
        todo = [index for index, positions in enumerate(masked) if len(positions)]
        for chosen in length_buckets([len(rows[i]) for i in todo], token_budget=token_budget):
            batch = [todo[i] for i in chosen]
            scores = _log_probabilities([rows[i] for i in batch], [masked[i] for i in batch], language_model)
            sums[batch] += [part.sum() for part in scores]
    counts = np.array([len(row) - n_special for row in rows])
    means: Floats = sums / np.maximum(counts, 1)
    return means


def _log_probabilities(
    rows: list[list[int]], positions: list[np.ndarray[Any, Any]], language_model: MaskedLanguageModel
) -> list[Floats]:
    device = language_model.device
    padded_ids, attended = padded(rows, padding=language_model.encoder.padding)
    row = np.repeat(np.arange(len(rows)), [len(p) for p in positions])
    ids, where = send(padded_ids, device), (send(row, device), send(np.concatenate(positions), device))
    truth = ids[where]
    ids[where] = language_model.mask
    with torch.inference_mode():
        logits = language_model.scores(ids, attention(attended, device), where)
        scores = torch.log_softmax(logits.float(), dim=-1)
    flat = scores.gather(1, truth[:, None])[:, 0].double().cpu().numpy()
    return np.split(flat, np.cumsum([len(p) for p in positions])[:-1])
