"""A model over a corpus, in batches of like length."""

import numpy as np
import torch

from uxla import flat
from uxla.batches import collate, length_buckets, ranges
from uxla.devices import Precision, autocast, default_token_budget, in_bf16
from uxla.encoding import Ints, Rows
from uxla.examples import Corpus
from uxla.models import TaskModel
from uxla.packing import packed
from uxla.predictions import Predictions


def predict(
    model: TaskModel,
    corpus: Corpus,
    *,
    max_length: int | None = None,
    token_budget: int | None = None,
    precision: Precision = Precision.FP32,
) -> Predictions:
    """Class probabilities of every word (XNER) or example (pairs), whatever the length of the text.

    Raises:
        ValueError: `max_length` is more than the encoder takes.
    """
    rows = model.encode(corpus, max_length=max_length or model.max_length)
    return predict_rows(model, rows, len(corpus), token_budget=token_budget, precision=precision)


def predict_rows(
    model: TaskModel,
    rows: Rows,
    n_examples: int,
    *,
    token_budget: int | None = None,
    precision: Precision = Precision.FP32,
) -> Predictions:
    """Class probabilities for rows that are encoded already."""
    was_training = model.network.training
    model.network.eval()  # type: ignore[no-untyped-call]
    order, scores = list[Ints](), list[torch.Tensor]()
    budget = token_budget or default_token_budget(model.device)
    # On a GPU labelling waits for the text, not for the padding.
    is_flat = model.device.type == "cpu" and flat.takes(model, in_bf16=in_bf16(model.device, precision))
    with (
        torch.inference_mode(),
        autocast(model.device, precision),
        packed(model.network, model.device, precision),
    ):
        for chosen in (flat.batches if is_flat else length_buckets)(rows.lengths, token_budget=budget):
            logits = _of_flat(model, rows, chosen) if is_flat else _of_padded(model, rows, chosen)
            scores.append(torch.softmax(logits.float(), dim=-1))
            order.append(ranges(rows.mark_starts[chosen], rows.n_marks(chosen)))
    model.network.train(was_training)
    probabilities = np.zeros((len(rows.marks), model.task.n_classes), np.float32)
    if scores:
        # Fetched together: a GPU is not waited for after every batch.
        probabilities[np.concatenate(order)] = torch.cat(scores).cpu().numpy()
    counts = np.bincount(rows.examples, weights=np.diff(rows.mark_starts), minlength=n_examples)
    return Predictions(probabilities, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _of_padded(model: TaskModel, rows: Rows, chosen: Ints) -> torch.Tensor:
    return model.logits(
        collate(rows, chosen, padding=model.encoder.padding, device=model.device, segments=model.has_segments)
    )


def _of_flat(model: TaskModel, rows: Rows, chosen: Ints) -> torch.Tensor:
    counts = rows.n_marks(chosen)
    asked = np.repeat(np.arange(len(chosen)), counts), rows.marks[ranges(rows.mark_starts[chosen], counts)]
    second = rows.second[chosen] if model.has_segments else None
    end_to_end = flat.FlatRows.of(model, rows.ids, rows.starts, chosen, asked, second)
    logits: torch.Tensor = model.network.get_submodule("classifier")(
        flat.encoded(model.network.base_model, end_to_end)
    )
    return logits
