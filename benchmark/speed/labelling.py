"""Labelling beside `Trainer.predict` and the pipeline, and all labelling of an adaptation, counted."""

import tempfile
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmark.speed.alternating import alternate, seconds
from benchmark.speed.generation import AUTHORS
from benchmark.speed.outcome import Finding
from benchmark.speed.trainers import Classes, Pipeline, Trained, missing
from benchmark.speed.training import recipe
from benchmark.speed.useful import counting, share
from benchmark.speed.workload import SEED, Workload
from uxla.coteaching import AdaptationPlan, Origin, TransferData, co_teach
from uxla.devices import Precision
from uxla.examples import Corpus
from uxla.inference import predict
from uxla.predictions import Predictions
from uxla.vicinity import generate

BATCH_SIZES = (8, 32)
"""Of which peers get the faster; 8 is the default of the public example."""

CLOSE = 1e-4
"""Probabilities that lie closer than this may change places between two ways to compute them."""

AUTHORS_LENGTH = 280
"""To which the authors pad every sentence."""


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


def adaptation(work: Workload, *, target: float) -> Finding:
    """Tokens that one adaptation puts through task models to label corpora, beside the authors' schedule.

    Counted on small models, of which every lesson changes one: more labelling there cannot be.
    """
    small = work.small
    own, source = small.sentences(work.scale.labelled), small.sentences(work.scale.labelled, _other(work))
    vicinal = {
        origin: generate(corpus.unlabelled(), small.language_model, AUTHORS, seed=SEED).corpus
        for origin, corpus in ((Origin.TARGET_VICINAL, own), (Origin.SOURCE_VICINAL, source))
    }
    data = TransferData({Origin.SOURCE: source, Origin.TARGET: own.unlabelled(), **vicinal}, validation=None)
    models = [small.task_model() for _ in range(3)]
    plan = AdaptationPlan(
        recipe=recipe(small, Precision.FP32, n_steps=1),
        keep_fractions=(0.8, 1.0, 1.0),
        posterior_threshold=None,
        agreement=False,
        soft_labels=False,
        sampling_factor=0.7,
        sequential=True,
    )
    with counting(*(model.network for model in models), with_training=False) as tokens:
        for epoch in (1, 2, 3):
            list(co_teach(models, data, plan, epoch=epoch, seed=SEED))
    theirs = authors_tokens(
        len(own), len(vicinal[Origin.TARGET_VICINAL]), len(vicinal[Origin.SOURCE_VICINAL])
    )
    return Finding(
        what="labelling in one whole adaptation, token-forwards, ours counted with padding",
        against="the authors' schedule: 54 labelling runs, two passes a sentence, padded to 280",
        unit="times",
        target=target,
        value=theirs / tokens.computed,
        equality="none: counted; labels of one state of a model are the same every time",
        details={
            "our token-forwards": tokens.computed,
            "their token-forwards": theirs,
            "sentences of the target": len(own),
            "vicinal sentences of the target": len(vicinal[Origin.TARGET_VICINAL]),
            "vicinal sentences of the source": len(vicinal[Origin.SOURCE_VICINAL]),
        },
    )


def useful_share(work: Workload, *, target: float) -> Finding:
    """The useful share of the tokens of labelling a larger corpus: it is counted, not timed."""
    corpus, model = work.sentences(8 * work.scale.labelled), work.small.task_model()
    return share("labelling", model.network, lambda: predict(model, corpus), target=target)


def authors_tokens(n_target: int, n_target_vicinal: int, n_source_vicinal: int) -> int:
    """Token-forwards of the authors' labelling, three epochs, both peers anew for every lesson.

    In an epoch peer k is labelled three times and j six times on the target's own sentences, and each of
    them six times on what is vicinal; epochs 1 and 3 have the former, 2 and 3 that of the target, 3 that of
    the source. Every run passes a sentence twice.

    >>> authors_tokens(1, 0, 0) // 280, authors_tokens(0, 1, 0) // 280, authors_tokens(0, 0, 1) // 280
    (36, 48, 24)
    """
    own, vicinal = 2 * (3 + 6), 2 * (6 + 6)
    return AUTHORS_LENGTH * (2 * own * n_target + 2 * vicinal * n_target_vicinal + vicinal * n_source_vicinal)


def _other(work: Workload) -> str:
    """The second language, or the only one."""
    return list(work.corpora)[:2][-1]


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
        "details": details | pairs.details(),
    }
    return finding.with_(measured)


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
