"""Scores of predicted classes against gold, in percent as in the paper's tables (UXLA §3.1)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support
from sklearn.metrics import accuracy_score

from uxla.examples import Corpus
from uxla.tasks import Level, Task

Classes = np.ndarray[Any, np.dtype[Any]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Tags = Sequence[Sequence[str]]


def evaluate(task: Task, gold: Corpus, predicted: Sequence[Classes]) -> dict[str, float]:
    """Score predictions: precision, recall and f1 of spans, or accuracy of examples.

    `predicted` has one array of classes an example: an entry a word, or one entry in all.

    Raises:
        ValueError: an example is unlabelled, unpredicted, predicted at another length, or given a
            class the task does not have.
    """
    pairs = list(_aligned(task, gold, predicted))
    if task.level is Level.WORD:
        return span_f1([_tags(task, truth) for truth, _ in pairs], [_tags(task, guess) for _, guess in pairs])
    return {"accuracy": accuracy([truth[0] for truth, _ in pairs], [guess[0] for _, guess in pairs])}


def span_f1(gold: Tags, predicted: Tags) -> dict[str, float]:
    """Micro-averaged precision, recall and f1 of labelled spans, by the rules of conlleval.

    This is the default mode of seqeval: an I- that no span of its type precedes opens a span. A
    score without a denominator is 0.
    """
    precision, recall, f1, _ = precision_recall_fscore_support(
        [list(tags) for tags in gold], [list(tags) for tags in predicted], average="micro", zero_division=0
    )
    return {"precision": 100 * float(precision), "recall": 100 * float(recall), "f1": 100 * float(f1)}


def accuracy(gold: Sequence[int] | Classes, predicted: Sequence[int] | Classes) -> float:
    """Share of equal classes, in percent.

    >>> accuracy([0, 1, 2, 2], [0, 1, 2, 0])
    75.0
    """
    return 100 * float(accuracy_score(gold, predicted))


def span_counts(task: Task, gold: Corpus, predicted: Sequence[Classes]) -> Counts:
    """Counts of every example from which the score of any set of examples follows.

    The columns are true positives, predicted spans and gold spans; for example labels they are
    correct (0 or 1), 1 and 1. Either way the headline score of some rows is the percentage
    2 · tp / (predicted + gold) of their sums.

    Returns:
        Array (n_examples, 3).

    Raises:
        ValueError: as `evaluate`.
    """
    rows = []
    for truth, guess in _aligned(task, gold, predicted):
        if task.level is Level.WORD:
            true_spans, spans = set(get_entities(_tags(task, truth))), set(get_entities(_tags(task, guess)))
            rows.append((len(true_spans & spans), len(spans), len(true_spans)))
        else:
            rows.append((int(truth[0] == guess[0]), 1, 1))
    return np.array(rows, np.int64).reshape(-1, 3)


def _aligned(task: Task, gold: Corpus, predicted: Sequence[Classes]) -> Iterator[tuple[Classes, Classes]]:
    if len(predicted) != len(gold):
        raise ValueError(f"expected predictions for {len(gold)} examples, was: {len(predicted)}")
    if len(gold) == 0:
        raise ValueError("a score needs at least one example, was: 0")
    for name, truth, guess in zip(gold.ids, gold.classes, predicted, strict=True):
        if len(guess) != len(truth):
            raise ValueError(f"example {name}: expected {len(truth)} predicted classes, was: {len(guess)}")
        for classes in (truth, guess):
            unknown = classes[(classes < 0) | (classes >= task.n_classes)]
            if len(unknown):
                raise ValueError(
                    f"example {name}: a class of task {task.name} must lie in "
                    f"[0, {task.n_classes - 1}], was: {unknown[0]}"
                )
        yield truth, guess


def _tags(task: Task, classes: Classes) -> list[str]:
    return [task.labels[index] for index in classes]
