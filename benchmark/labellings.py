"""How true the pseudo labels of UXLA were, in means over the lessons of an epoch."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from benchmark.results import PseudoLabels, Result


class Labelling(NamedTuple):
    """Pseudo labels of one target, epoch and origin, in means over the lessons of the epoch."""

    target: str
    epoch: int
    origin: str
    n: float
    share_kept: float
    agreement: float
    accuracy: float | None


def labellings_of(target: str, result: Result) -> list[Labelling]:
    """The pseudo labels of one target by epoch and origin."""
    ordered = sorted(result.pseudo_labels, key=_set)
    return [_labelling(target, list(lessons)) for _, lessons in groupby(ordered, _set)]


def _set(lesson: PseudoLabels) -> tuple[int, bool, str]:
    return lesson.epoch, lesson.origin != "target", lesson.origin


def _labelling(target: str, lessons: Sequence[PseudoLabels]) -> Labelling:
    accuracies = [lesson.accuracy for lesson in lessons if lesson.accuracy is not None]
    return Labelling(
        target,
        lessons[0].epoch,
        lessons[0].origin.replace("_", " "),
        float(np.mean([lesson.n for lesson in lessons])),
        float(np.mean([lesson.share_kept for lesson in lessons])),
        float(np.mean([lesson.agreement for lesson in lessons])),
        float(np.mean(accuracies)) if len(accuracies) == len(lessons) else None,
    )
