"""Labelling beside `Trainer.predict` and the pipeline."""

import tempfile
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from benchmark.speed.alternating import alternate, matrix_rate, seconds
from benchmark.speed.outcome import Finding
from benchmark.speed.trainers import Classes, Pipeline, Trained, missing
from benchmark.speed.useful import counted, padded_tokens, share
from benchmark.speed.workload import Workload
from uxla.devices import Precision, default_token_budget
from uxla.encoding import encode
from uxla.examples import Corpus
from uxla.inference import predict
from uxla.predictions import Predictions

BATCH_SIZES = (8, 32)
"""Of which peers get the faster; 8 is the default of the public example."""

CLOSE = 1e-4
"""Probabilities that lie closer than this may change places between two ways to compute them."""


def against_trainer(work: Workload, *, precision: Precision, target: float | None) -> Finding:
    """Labelling in a precision beside `Trainer.predict` in full precision with padding to the batch."""
    what = f"labelling of {work.task.title}, {precision.value}"
    against = "Trainer.predict, dynamic padding, fp32"
    if reason := missing():
        return Finding(what=what, against=against, unit="times", target=target, skipped=reason)
    with tempfile.TemporaryDirectory() as folder:
        return _against(
            work,
            lambda size: Trained(work.task_model(), folder, batch_size=size).predict,
            precision,
            Finding(what=what, against=against, unit="times", target=target),
        )


def against_pipeline(work: Workload, *, precision: Precision, target: float | None) -> Finding:
    """Labelling in a precision beside the token-classification pipeline."""
    return _against(
        work,
        lambda size: Pipeline(work.task_model(), batch_size=size).predict,
        precision,
        Finding(
            what=f"labelling of {work.task.title}, {precision.value}",
            against="token-classification pipeline, fp32",
            unit="times",
            target=target,
        ),
    )


def useful_share(work: Workload, *, target: float) -> Finding:
    """The useful share of the tokens of labelling a larger corpus: it is counted, not timed."""
    corpus, model = work.sentences(8 * work.scale.labelled), work.small.task_model()
    return share("labelling", model.network, lambda: predict(model, corpus), target=target)


def _against(
    work: Workload,
    peer: Callable[[int], Callable[[Corpus], Classes]],
    precision: Precision,
    finding: Finding,
) -> Finding:
    """Equal classes first, then seconds in turn; the peer gets the faster of two batch sizes."""
    corpus, model = work.sentences(work.scale.labelled), work.task_model()
    part = work.sentences(max(1, len(corpus) // 4))
    times = {}
    for size in BATCH_SIZES:
        labels = peer(size)
        labels(part)
        times[size] = seconds(partial(labels, part), work.device)
    best = min(times, key=lambda size: times[size])
    theirs = peer(best)
    expected = np.concatenate(theirs(corpus))
    equal = same_classes(predict(model, corpus), expected)
    details: dict[str, float | str] = {"examples": len(corpus), "labels": len(expected)}
    if precision is not Precision.FP32:
        found = predict(model, corpus, precision=precision).flat_classes
        details[f"share of equal classes in {precision.value}"] = float(np.mean(found == expected))
    pairs = alternate(
        lambda: predict(model, corpus, precision=precision),
        lambda: theirs(corpus),
        n_pairs=work.scale.pairs,
        device=work.device,
    )
    measured = pairs.numbers() | {
        "against": f"{finding.against}, batches of {best}, the faster of {BATCH_SIZES}",
        "equality": equal,
        "details": details | pairs.details() | ceiling(work, corpus, size=best, precision=precision),
    }
    return finding.with_(measured)


def ceiling(work: Workload, corpus: Corpus, *, size: int, precision: Precision) -> dict[str, float | str]:
    """How much faster labelling would be, were both sides as fast as their matrix products.

    A peer computes batches of a `size` as they come, padded to the longest; bfloat16 has another rate.
    """
    model = work.small.task_model()
    lengths = encode(corpus, model.task, model.encoder, max_length=model.max_length).lengths
    as_they_come = [
        np.arange(begin, min(begin + size, len(lengths))) for begin in range(0, len(lengths), size)
    ]
    tokens, _ = counted(model.network, lambda: predict(model, corpus, precision=precision))
    shares = {
        "our useful share of tokens": tokens.share,
        "their useful share of tokens": float(lengths.sum() / padded_tokens(lengths, as_they_come)),
    }
    ours, theirs = shares.values()
    shape = (default_token_budget(work.device), work.scale.width, work.scale.feed_forward)
    rates = {
        dtype: matrix_rate(*shape, dtype=dtype, device=work.device)
        for dtype in (torch.float32, torch.bfloat16)
    }
    gain = rates[torch.bfloat16] / rates[torch.float32] if precision is not Precision.FP32 else 1.0
    return {
        **shares,
        "matrix rate, of that in fp32": gain,
        "times, of matrix products alone": gain * ours / theirs,
    }


def same_classes(ours: Predictions, expected: np.ndarray) -> str:
    """Say that the classes are the expected ones, but where two are equally likely.

    Raises:
        ValueError: another class where its probability is clearly lower, or another number of labels.
    """
    found = ours.flat_classes
    if len(found) != len(expected):
        raise ValueError(f"a peer must give all {len(found)} labels, was: {len(expected)}")
    rows = np.flatnonzero(found != expected)
    gaps = ours.probabilities[rows, found[rows]] - ours.probabilities[rows, expected[rows]]
    if len(rows) and gaps.max() > CLOSE:
        raise ValueError(f"a peer must give the same classes, was: {len(rows)} others of {len(found)}")
    return (
        f"{len(found) - len(rows)} of {len(found)} classes are those of the peer in fp32, "
        f"the others equally likely to {CLOSE:g}"
    )
