"""Algorithm 1: three models adapt to a language by teaching each other (UXLA §2)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from uxla.descent import Fit, Recipe
from uxla.distillation import Floats, Ints, agreement, distill_by_clustering, distill_by_confidence
from uxla.examples import Corpus
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.optimisation import Log, ignore
from uxla.predictions import Predictions, ensemble
from uxla.randomness import derive_seed
from uxla.training import DevSet, SoftCorpus, fit


class Origin(Enum):
    """Where training examples come from: Ds, D't, and their vicinities."""

    SOURCE = "source"
    TARGET = "target"
    SOURCE_VICINAL = "source_vicinal"
    TARGET_VICINAL = "target_vicinal"


CURRICULUM: Mapping[int, tuple[Origin, ...]] = {
    1: (Origin.SOURCE, Origin.TARGET),
    2: (Origin.TARGET_VICINAL,),
    3: (Origin.SOURCE, Origin.TARGET, Origin.SOURCE_VICINAL, Origin.TARGET_VICINAL),
}
"""Line 22 of Algorithm 1."""

Labels = dict[tuple[int, Origin], Predictions]
"""What models say of corpora as they are now, by the number of the model."""

ORDERED = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
"""Lines 3, 5 and 19: peers k and j, student l."""

UNORDERED = ((0, 1, 2), (0, 2, 1), (1, 2, 0))
"""The same without repeating a student."""


@dataclass(frozen=True, kw_only=True)
class AdaptationPlan:
    """How the models adapt.

    `keep_fractions` (eta) has one entry an epoch. With a `posterior_threshold`, DISTIL
    is by clustering instead. Without `agreement` the labels of peer k alone are taken. With
    `soft_labels`, which the paper has not, a student learns the mean of the peers' probabilities in
    place of their classes; what is selected stays the same. `sequential` puts an updated student to
    work as a peer at once, for all six ordered pairs; otherwise the peers of an epoch are the models
    as it began, each student trained once.
    """

    recipe: Recipe
    keep_fractions: tuple[float, ...]
    posterior_threshold: float | None
    agreement: bool
    soft_labels: bool
    sampling_factor: float
    sequential: bool


@dataclass(frozen=True)
class TransferData:
    """What adaptation may see; only Ds and the dev set are labelled.

    GEN-LM depends on no task model, so the vicinal corpora are made beforehand. `features` are
    further columns for clustering, by origin. Without a `validation` corpus nothing is selected by score.
    """

    corpora: Mapping[Origin, Corpus]
    validation: Corpus | None
    features: Mapping[Origin, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """One student's training: who taught whom, on which rows with which labels, and how it went."""

    epoch: int
    peers: tuple[int, int]
    student: int
    selections: Mapping[Origin, "Selection"]
    outcome: Fit | None


@dataclass(frozen=True)
class Selection:
    """Rows of one corpus on which two peers agree, the corpus labelled by them, and what each kept.

    `taught` is that corpus as the student learns it: with its classes or, instead, soft labels.
    """

    rows: Ints
    corpus: Corpus
    taught: Corpus | SoftCorpus
    n_kept: tuple[int, int]
    agreement_rate: float


def co_teach(
    models: Sequence[TaskModel],
    data: TransferData,
    plan: AdaptationPlan,
    *,
    epoch: int,
    seed: int,
    log: Callable[[int, int], Log] = lambda student, lesson: ignore,
    labels: Labels | None = None,
) -> Iterator[Lesson]:
    """Run one epoch of Algorithm 1, updating the models in place, and yield every lesson.

    The result depends on the models, the data, the plan, the epoch and the seed alone, so an
    interrupted adaptation continues with the epoch it was in. What is in `labels` is not made again, what is
    made is put there, and what a model has said before it changed is taken out: the next epoch can go on
    with them.
    """
    labels = {} if labels is None else labels
    if not plan.sequential:
        labels |= label(models, data.corpora, plan.recipe, epoch=epoch, known=labels)
    # Peers that stay as the epoch began also say what they said then.
    peers = _Peers(models, data, plan, seed, labels if plan.sequential else dict(labels))
    scores: dict[int, float | None] = {}
    for number, (k, j, student) in enumerate(ORDERED if plan.sequential else UNORDERED):
        selections = peers.selections(k, j, epoch)
        mixture: list[Corpus | SoftCorpus] = []
        if Origin.SOURCE in CURRICULUM[epoch]:
            mixture.append(data.corpora[Origin.SOURCE])
        mixture += [selection.taught for selection in selections.values() if len(selection.corpus)]
        outcome = None
        if mixture:
            outcome = fit(
                models[student],
                mixture,
                plan.recipe,
                validation=_dev_set(data.validation, scores.get(student)),
                sampling_factor=plan.sampling_factor,
                seed=derive_seed(seed, "lesson", epoch, k, j),
                log=log(student, number),
            )
            scores[student] = outcome.best
        if outcome and outcome.improved:
            _forget(labels, student)
        yield Lesson(epoch, (k, j), student, selections, outcome)


def label(
    models: Sequence[TaskModel],
    corpora: Mapping[Origin, Corpus],
    recipe: Recipe,
    *,
    epoch: int,
    known: Labels | None = None,
) -> Labels:
    """What each model says of the corpora of an epoch but Ds, whose labels are gold (§2.3).

    Args:
        models: the three of them.
        corpora: by their origin.
        recipe: how the models read.
        epoch: 1, 2 or 3.
        known: what is not made again.

    Shapes: an entry for every (model, corpus), its probabilities (n_positions, n_classes).
    """
    known = known or {}
    return {
        (peer, origin): known[peer, origin]
        if (peer, origin) in known
        else _predicted(model, corpora[origin], recipe)
        for peer, model in enumerate(models)
        for origin in CURRICULUM[epoch]
        if origin is not Origin.SOURCE
    }


def _forget(labels: Labels, model: int) -> None:
    for outdated in [key for key in labels if key[0] == model]:
        del labels[outdated]


def _predicted(model: TaskModel, corpus: Corpus, recipe: Recipe) -> Predictions:
    return predict(model, corpus, max_length=recipe.max_length, precision=recipe.precision)


def _dev_set(corpus: Corpus | None, score: float | None) -> DevSet | None:
    return None if corpus is None else DevSet(corpus, score)


class _Peers:
    """The models in the part of teachers; what they say is asked once and put into the labels."""

    def __init__(
        self,
        models: Sequence[TaskModel],
        data: TransferData,
        plan: AdaptationPlan,
        seed: int,
        labels: Labels,
    ) -> None:
        self._models, self._data, self._plan, self._seed = models, data, plan, seed
        self._labels = labels

    def selections(self, k: int, j: int, epoch: int) -> dict[Origin, Selection]:
        """What two peers select of every corpus of an epoch but Ds."""
        unlabelled = [origin for origin in CURRICULUM[epoch] if origin is not Origin.SOURCE]
        return {origin: self._select(origin, k, j, epoch) for origin in unlabelled}

    def _select(self, origin: Origin, k: int, j: int, epoch: int) -> Selection:
        """Lines 9-10, 12-13 and 16-17: DISTIL by both peers, then AGREEMENT."""
        first, second = self._label(k, origin), self._label(j, origin)
        rows_k = self._distill(first, origin, epoch)
        rows_j = self._distill(second, origin, epoch)
        agreed = agreement(first, rows_k, second, rows_j)
        rows = agreed if self._plan.agreement else rows_k
        labels = [peer.select(rows) for peer in ([first, second] if self._plan.agreement else [first])]
        labelled = self._data.corpora[origin].select(rows).relabelled(labels[0].classes)
        taught = SoftCorpus(labelled, ensemble(labels)) if self._plan.soft_labels else labelled
        n_common = len(np.intersect1d(rows_k, rows_j))
        rate = len(agreed) / n_common if n_common else 0.0
        return Selection(rows, labelled, taught, (len(rows_k), len(rows_j)), rate)

    def _label(self, peer: int, origin: Origin) -> Predictions:
        if (peer, origin) not in self._labels:
            self._labels[peer, origin] = _predicted(
                self._models[peer], self._data.corpora[origin], self._plan.recipe
            )
        return self._labels[peer, origin]

    def _distill(self, predictions: Predictions, origin: Origin, epoch: int) -> Ints:
        if self._plan.posterior_threshold is None:
            return distill_by_confidence(predictions, self._plan.keep_fractions[epoch - 1])
        return distill_by_clustering(
            predictions,
            self._plan.posterior_threshold,
            seed=self._seed,
            features=self._data.features.get(origin),
        )
