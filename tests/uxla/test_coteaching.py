"""Algorithm 1: who teaches whom in which state, on what, and that a break leaves no trace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from uxla import coteaching
from uxla.coteaching import CURRICULUM, AdaptationPlan, Labels, Lesson, Origin, TransferData, co_teach, label
from uxla.descent import Fit, Recipe
from uxla.examples import Corpus, Example
from uxla.inference import predict
from uxla.metrics import evaluate
from uxla.models import TaskModel
from uxla.predictions import Predictions
from uxla.tasks import TASKS
from uxla.training import SoftCorpus

UNLABELLED = (Origin.TARGET, Origin.SOURCE_VICINAL, Origin.TARGET_VICINAL)
SIZES = {Origin.SOURCE: 3, Origin.TARGET: 4, Origin.SOURCE_VICINAL: 2, Origin.TARGET_VICINAL: 4}


@pytest.fixture
def plan(recipe: Recipe) -> AdaptationPlan:
    return AdaptationPlan(
        recipe=replace(recipe, max_steps=2, validate_every=1),
        keep_fractions=(1.0, 1.0, 1.0),
        posterior_threshold=None,
        agreement=True,
        soft_labels=False,
        sampling_factor=0.7,
        sequential=True,
    )


def last(lessons: Iterator[Lesson]) -> Lesson:
    *_, lesson = lessons
    return lesson


# The double loop, with models that only count.


@dataclass
class Counting:
    """A model that knows how often it was trained, and says of every pair what it was told to."""

    name: int
    answers: Mapping[str, int] = field(default_factory=dict)
    updates: int = 0
    sureness: tuple[float, float] = (0.9, 0.6)


@dataclass
class Stage:
    """Stands in for `predict` and `fit` and keeps what they were called with."""

    improves: bool = True
    labelled: list[tuple[int, int, int]] = field(default_factory=list)
    trained: list[tuple[int, list[Any], dict[str, Any]]] = field(default_factory=list)

    def predict(self, model: Counting, corpus: Corpus, **_: object) -> Predictions:
        self.labelled.append((model.name, model.updates, len(corpus)))
        # The further down the corpus, the less certain.
        rows = [
            [p, 1 - p] if model.answers.get(name, 0) == 0 else [1 - p, p]
            for name, p in zip(corpus.ids, np.linspace(*model.sureness, len(corpus)), strict=True)
        ]
        probabilities = np.array(rows, np.float32).reshape(-1, 2)
        return Predictions(probabilities, np.arange(len(corpus) + 1))

    def fit(self, model: Counting, corpora: Sequence[Any], _recipe: Recipe, **settings: Any) -> Fit:
        self.trained.append((model.name, list(corpora), settings))
        model.updates += self.improves
        return Fit(None, None, 1, improved=self.improves)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(coteaching, "predict", stage.predict)
    monkeypatch.setattr(coteaching, "fit", stage.fit)
    return stage


def pairs(origin: Origin, *, labelled: bool = False) -> Corpus:
    return Corpus.of(
        Example(f"{origin.value}-{i}", "en", (("a",), ("b",)), (1,) if labelled else None)
        for i in range(SIZES[origin])
    )


@pytest.fixture
def counted() -> TransferData:
    corpora = {origin: pairs(origin, labelled=origin is Origin.SOURCE) for origin in Origin}
    return TransferData(corpora, validation=None)


def test_the_curriculum_is_line_22() -> None:
    assert CURRICULUM == {
        1: (Origin.SOURCE, Origin.TARGET),
        2: (Origin.TARGET_VICINAL,),
        3: (Origin.SOURCE, Origin.TARGET, Origin.SOURCE_VICINAL, Origin.TARGET_VICINAL),
    }


def test_all_ordered_pairs_of_peers_teach_and_an_updated_student_works_as_a_peer_at_once(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    models = [Counting(i) for i in range(3)]
    lessons, states = [], []
    for lesson in co_teach(models, counted, plan, epoch=2, seed=1):
        lessons.append((*lesson.peers, lesson.student))
        states.append(tuple(model.updates for model in models))
    # The table of the authors' loop: k, j, student, and how often each has been trained by then.
    assert lessons == [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    assert states == [(0, 0, 1), (0, 1, 1), (0, 1, 2), (1, 1, 2), (1, 2, 2), (2, 2, 2)]
    # Model and state, each of the seven once: 0 and 1 as they were, 2 and 1 after their first lesson,
    # 2 after its second, 0 after its first, 1 after its second.
    assert [(name, updates) for name, updates, _ in stage.labelled] == [
        (0, 0), (1, 0), (2, 1), (1, 1), (2, 2), (0, 1), (1, 2),
    ]  # fmt: skip


def test_a_student_that_did_not_improve_is_not_asked_again(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    stage.improves = False
    last(co_teach([Counting(i) for i in range(3)], counted, plan, epoch=2, seed=1))
    assert [(name, updates) for name, updates, _ in stage.labelled] == [(0, 0), (1, 0), (2, 0)]


@pytest.mark.parametrize("sequential", [True, False])
def test_what_the_models_say_as_they_are_need_not_be_asked_again(
    stage: Stage, counted: TransferData, plan: AdaptationPlan, sequential: bool
) -> None:
    how = replace(plan, sequential=sequential)
    anew = [
        lesson.selections
        for lesson in co_teach([Counting(i) for i in range(3)], counted, how, epoch=1, seed=1)
    ]
    models = [Counting(i) for i in range(3)]
    labels = label(models, counted.corpora, how.recipe, epoch=1)
    assert list(labels) == [(peer, Origin.TARGET) for peer in range(3)]
    stage.labelled.clear()
    known = [lesson.selections for lesson in co_teach(models, counted, how, epoch=1, seed=1, labels=labels)]
    # Only models that have learnt since are asked; 0 has learnt since it was, and so have all of the others.
    assert [(name, updates) for name, updates, _ in stage.labelled] == (
        [(2, 1), (1, 1), (2, 2), (0, 1), (1, 2)] if sequential else []
    )
    assert sorted(peer for peer, _ in labels) == ([1, 2] if sequential else [])
    for ours, theirs in zip(known, anew, strict=True):
        assert ours[Origin.TARGET].rows.tolist() == theirs[Origin.TARGET].rows.tolist()
        assert ours[Origin.TARGET].corpus.digest == theirs[Origin.TARGET].corpus.digest


@pytest.mark.parametrize(("improves", "n_runs"), [(True, 34), (False, 9)])
@pytest.mark.parametrize("carried", [True, False])
def test_from_epoch_to_epoch_no_model_is_asked_twice(
    stage: Stage, counted: TransferData, plan: AdaptationPlan, improves: bool, n_runs: int, carried: bool
) -> None:
    """Of the authors' 54 runs, 34 are needed where every lesson changes its student, 9 where none does."""
    stage.improves = improves
    shorter = {Origin.TARGET: counted.corpora[Origin.TARGET].select(range(3))}
    data = replace(counted, corpora={**counted.corpora, **shorter})
    models, labels = [Counting(i) for i in range(3)], Labels()
    for epoch in CURRICULUM:
        last(co_teach(models, data, plan, epoch=epoch, seed=1, labels=labels if carried else None))
    # Corpora are told apart by their sizes.
    assert len(set(stage.labelled)) == n_runs
    assert len(stage.labelled) == (n_runs if carried else 35 if improves else 15)


def test_otherwise_each_student_is_trained_once_by_the_models_as_the_epoch_began(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    models = [Counting(i) for i in range(3)]
    lessons = list(co_teach(models, counted, replace(plan, sequential=False), epoch=3, seed=1))
    assert [(*lesson.peers, lesson.student) for lesson in lessons] == [(0, 1, 2), (0, 2, 1), (1, 2, 0)]
    assert [model.updates for model in models] == [1, 1, 1]
    sizes = [SIZES[origin] for origin in UNLABELLED]
    assert stage.labelled == [(name, 0, size) for name in range(3) for size in sizes]


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_student_is_trained_on_what_line_22_says_for_the_epoch(
    stage: Stage, counted: TransferData, plan: AdaptationPlan, epoch: int
) -> None:
    for lesson in co_teach([Counting(i) for i in range(3)], counted, plan, epoch=epoch, seed=1):
        assert tuple(lesson.selections) == tuple(o for o in CURRICULUM[epoch] if o is not Origin.SOURCE)
        assert lesson.epoch == epoch
    for _, corpora, settings in stage.trained:
        assert [corpus.ids for corpus in corpora] == [counted.corpora[o].ids for o in CURRICULUM[epoch]]
        assert settings["sampling_factor"] == 0.7
        assert settings["validation"] is None


def test_labels_of_the_source_stay_gold(stage: Stage, counted: TransferData, plan: AdaptationPlan) -> None:
    # The peers would say 0 of everything; gold is 1.
    last(co_teach([Counting(i) for i in range(3)], counted, plan, epoch=1, seed=1))
    for _, (source, target), _ in stage.trained:
        assert source.digest == counted.corpora[Origin.SOURCE].digest
        assert [labels.tolist() for labels in target.classes] == [[0]] * 4
    assert not counted.corpora[Origin.TARGET].is_labelled


def test_only_examples_that_both_peers_label_alike_are_taught(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    answers = ({"target_vicinal-1": 1, "target_vicinal-3": 1}, {"target_vicinal-3": 1}, {})
    models = [Counting(i, answers[i]) for i in range(3)]
    lesson = next(co_teach(models, counted, plan, epoch=2, seed=1))
    selection = lesson.selections[Origin.TARGET_VICINAL]
    assert selection.rows.tolist() == [0, 2, 3]
    assert [labels.tolist() for labels in selection.corpus.classes] == [[0], [0], [1]]
    assert selection.n_kept == (4, 4)
    assert selection.agreement_rate == 0.75
    (_, (taught,), _) = stage.trained[0]
    assert taught.digest == selection.corpus.digest


def test_without_agreement_the_labels_are_those_of_peer_k(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    models = [Counting(0, {"target_vicinal-1": 1}), Counting(1, {"target_vicinal-0": 1}), Counting(2)]
    alone = replace(plan, agreement=False)
    first, _, third, *_ = co_teach(models, counted, alone, epoch=2, seed=1)
    for lesson, expected in ((first, [[0], [1], [0], [0]]), (third, [[1], [0], [0], [0]])):
        selection = lesson.selections[Origin.TARGET_VICINAL]
        assert selection.rows.tolist() == [0, 1, 2, 3]
        assert [labels.tolist() for labels in selection.corpus.classes] == expected
        assert selection.agreement_rate == 0.5


@pytest.mark.parametrize("agreement", [True, False])
def test_soft_labels_are_the_mean_of_the_peers_or_those_of_peer_k_alone(
    stage: Stage, counted: TransferData, plan: AdaptationPlan, agreement: bool
) -> None:
    # Both are less certain further down; peer 1 calls the first pair 1, so they agree on the other three.
    models = [Counting(0), Counting(1, {"target-0": 1}), Counting(2)]
    models[0].sureness, models[1].sureness = (0.9, 0.6), (0.8, 0.5)
    soft = replace(plan, soft_labels=True, agreement=agreement)
    lesson = next(co_teach(models, counted, soft, epoch=1, seed=1))
    (_, (source, target), _) = stage.trained[0]
    assert source is counted.corpora[Origin.SOURCE]
    assert isinstance(target, SoftCorpus)
    selection = lesson.selections[Origin.TARGET]
    assert selection.taught is target
    assert target.corpus is selection.corpus
    assert selection.rows.tolist() == ([1, 2, 3] if agreement else [0, 1, 2, 3])
    assert target.labels.starts.tolist() == list(range(len(selection.rows) + 1))
    expected = [0.75, 0.65, 0.55] if agreement else [0.9, 0.8, 0.7, 0.6]
    assert target.labels.probabilities == pytest.approx(np.array([[p, 1 - p] for p in expected]))


def test_soft_labels_change_neither_what_is_selected_nor_the_classes_that_are_kept(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    answers = ({"target_vicinal-1": 1, "target_vicinal-3": 1}, {"target_vicinal-3": 1}, {})
    shares = replace(plan, keep_fractions=(0.5, 0.75, 1.0))
    hard, soft = (
        next(
            co_teach(
                [Counting(i, answers[i]) for i in range(3)],
                counted,
                replace(shares, soft_labels=soft_labels),
                epoch=2,
                seed=1,
            )
        ).selections[Origin.TARGET_VICINAL]
        for soft_labels in (False, True)
    )
    assert hard.taught is hard.corpus
    assert soft.corpus.digest == hard.corpus.digest
    assert (soft.n_kept, soft.agreement_rate) == (hard.n_kept, hard.agreement_rate)


def test_the_share_kept_is_that_of_the_epoch(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    shares = replace(plan, keep_fractions=(0.5, 0.25, 1.0))
    for epoch, n_kept in ((1, 2), (2, 1), (3, 4)):
        origin = Origin.TARGET_VICINAL if epoch == 2 else Origin.TARGET
        lesson = next(co_teach([Counting(i) for i in range(3)], counted, shares, epoch=epoch, seed=1))
        assert lesson.selections[origin].n_kept == (n_kept, n_kept)
        # The earlier ones are the more confident.
        assert lesson.selections[origin].rows.tolist() == list(range(n_kept))


def test_with_a_threshold_examples_are_chosen_by_clustering_with_the_features_of_their_origin(
    stage: Stage, counted: TransferData, plan: AdaptationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, float, Any]] = []

    def cluster(predictions: Predictions, threshold: float, *, seed: int, features: Any) -> np.ndarray:
        assert seed == 5
        seen.append((len(predictions), threshold, features))
        return np.array([1], np.int64)

    monkeypatch.setattr(coteaching, "distill_by_clustering", cluster)
    columns = np.ones((SIZES[Origin.SOURCE_VICINAL], 1))
    data = replace(counted, features={Origin.SOURCE_VICINAL: columns})
    clustering = replace(plan, posterior_threshold=0.8)
    lesson = next(co_teach([Counting(i) for i in range(3)], data, clustering, epoch=3, seed=5))
    assert all(selection.rows.tolist() == [1] for selection in lesson.selections.values())
    assert [(n, threshold) for n, threshold, _ in seen] == [(4, 0.8)] * 2 + [(2, 0.8)] * 2 + [(4, 0.8)] * 2
    assert [features is columns for *_, features in seen] == [False, False, True, True, False, False]


def test_an_origin_on_which_nothing_is_agreed_is_left_out(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    models = [Counting(i) for i in range(3)]
    models[0].answers = {f"target-{i}": 1 for i in range(4)}
    lesson = next(co_teach(models, counted, plan, epoch=3, seed=1))
    assert lesson.selections[Origin.TARGET].rows.tolist() == []
    assert lesson.selections[Origin.TARGET].agreement_rate == 0
    taught = [corpus.ids for corpus in stage.trained[0][1]]
    kept = (Origin.SOURCE, Origin.SOURCE_VICINAL, Origin.TARGET_VICINAL)
    assert taught == [counted.corpora[origin].ids for origin in kept]


def test_a_student_without_examples_keeps_its_weights(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    models = [Counting(i) for i in range(3)]
    nothing = replace(plan, keep_fractions=(0.0, 0.0, 0.0))
    lessons = list(co_teach(models, counted, nothing, epoch=2, seed=1))
    assert [lesson.outcome for lesson in lessons] == [None] * 6
    assert stage.trained == []
    assert len(stage.labelled) == 3


def test_every_lesson_has_a_seed_of_its_own_and_its_own_log(
    stage: Stage, counted: TransferData, plan: AdaptationPlan
) -> None:
    asked: list[tuple[int, int]] = []
    for epoch in (1, 2):
        log = lambda student, lesson: asked.append((student, lesson))  # noqa: E731
        last(co_teach([Counting(i) for i in range(3)], counted, plan, epoch=epoch, seed=1, log=log))
    assert len({settings["seed"] for _, _, settings in stage.trained}) == 12
    assert asked == [(student, number) for number, student in enumerate([2, 1, 2, 0, 1, 0])] * 2


# The same with models that learn.


@pytest.fixture
def taggers(encoder_folder: Path) -> list[TaskModel]:
    return [TaskModel.build(encoder_folder, TASKS["xner"], seed=seed) for seed in (11, 22, 33)]


@pytest.fixture
def transfer(xner: Corpus) -> TransferData:
    """Twelve labelled sentences and twelve without labels, which also stand in for their vicinities.

    Without a dev set every lesson changes its student.
    """
    source, target = xner.select(range(12)), xner.select(range(12, 24)).unlabelled()
    corpora = {
        Origin.SOURCE: source,
        Origin.TARGET: target,
        Origin.SOURCE_VICINAL: source.unlabelled(),
        Origin.TARGET_VICINAL: target,
    }
    return TransferData(corpora, validation=None)


def weights(models: Sequence[TaskModel]) -> list[dict[str, torch.Tensor]]:
    return [{n: w.clone() for n, w in model.network.state_dict().items()} for model in models]


def equal(first: Sequence[Mapping[str, torch.Tensor]], second: Sequence[Mapping[str, torch.Tensor]]) -> bool:
    return all(torch.equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)


def adapt(
    models: Sequence[TaskModel], data: TransferData, plan: AdaptationPlan, *epochs: int, seed: int = 1
) -> list[dict[str, torch.Tensor]]:
    for epoch in epochs:
        last(co_teach(models, data, plan, epoch=epoch, seed=seed))
    return weights(models)


def together(
    models: Sequence[TaskModel], data: TransferData, plan: AdaptationPlan
) -> list[dict[str, torch.Tensor]]:
    """All epochs, each with what is known from the one before."""
    labels = Labels()
    for epoch in CURRICULUM:
        last(co_teach(models, data, plan, epoch=epoch, seed=1, labels=labels))
    return weights(models)


def rebuilt(encoder_folder: Path) -> list[TaskModel]:
    return [TaskModel.build(encoder_folder, TASKS["xner"], seed=seed) for seed in (11, 22, 33)]


def test_peers_are_not_modified_while_they_label(
    taggers: list[TaskModel], transfer: TransferData, plan: AdaptationPlan
) -> None:
    before = weights(taggers)
    for lesson in co_teach(taggers, transfer, plan, epoch=1, seed=1):
        after = weights(taggers)
        for peer in lesson.peers:
            assert equal([before[peer]], [after[peer]])
        before = after


def test_every_student_changes(
    taggers: list[TaskModel], transfer: TransferData, plan: AdaptationPlan
) -> None:
    before = weights(taggers)
    after = adapt(taggers, transfer, plan, 1)
    assert not any(equal([a], [b]) for a, b in zip(before, after, strict=True))


def test_the_dev_set_alone_selects_the_weights(
    taggers: list[TaskModel], transfer: TransferData, plan: AdaptationPlan, xner_dev: Corpus
) -> None:
    def scores() -> list[float]:
        found = (predict(model, xner_dev, max_length=40).classes for model in taggers)
        return [evaluate(model.task, xner_dev, c)["f1"] for model, c in zip(taggers, found, strict=True)]

    before, known = weights(taggers), scores()
    dev = replace(transfer, validation=xner_dev)
    for lesson in co_teach(taggers, dev, plan, epoch=1, seed=1):
        assert lesson.outcome is not None
        assert lesson.outcome.before == known[lesson.student]
        known = scores()
        assert lesson.outcome.best == known[lesson.student]
        after = weights(taggers)
        same = equal([before[lesson.student]], [after[lesson.student]])
        assert same is not lesson.outcome.improved
        before = after


def test_pseudo_labels_are_those_of_the_peers_as_they_are_then(
    taggers: list[TaskModel], transfer: TransferData, plan: AdaptationPlan
) -> None:
    target = transfer.corpora[Origin.TARGET_VICINAL]
    alone = replace(plan, agreement=False)
    before = [predict(model, target, max_length=40).classes for model in taggers]
    for lesson in co_teach(taggers, transfer, alone, epoch=2, seed=1):
        taught = lesson.selections[Origin.TARGET_VICINAL].corpus.classes
        for labels, expected in zip(taught, before[lesson.peers[0]], strict=True):
            assert labels.tolist() == expected.tolist()
        before = [predict(model, target, max_length=40).classes for model in taggers]


@pytest.mark.parametrize("agreement", [True, False])
def test_soft_labels_are_those_of_the_peers_as_they_are_then_and_students_learn_them(
    encoder_folder: Path, transfer: TransferData, plan: AdaptationPlan, agreement: bool
) -> None:
    # After an epoch there is something to agree on.
    soft = replace(plan, soft_labels=True, agreement=agreement)
    models = rebuilt(encoder_folder)
    adapt(models, transfer, replace(plan, agreement=False), 1)
    start = weights(models)
    target = transfer.corpora[Origin.TARGET_VICINAL]
    before = [predict(model, target, max_length=40) for model in models]
    lesson = next(co_teach(models, transfer, soft, epoch=2, seed=1))
    selection = lesson.selections[Origin.TARGET_VICINAL]
    assert isinstance(selection.taught, SoftCorpus)
    k, j = lesson.peers
    rows = selection.rows
    teachers = [before[k].select(rows), before[j if agreement else k].select(rows)]
    expected = (teachers[0].probabilities + teachers[1].probabilities) / 2
    assert selection.taught.labels.probabilities == pytest.approx(expected, abs=1e-6)
    others = rebuilt(encoder_folder)
    for model, state in zip(others, start, strict=True):
        model.network.load_state_dict(state)
    next(co_teach(others, transfer, replace(soft, soft_labels=False), epoch=2, seed=1))
    assert equal(weights([models[k], models[j]]), weights([others[k], others[j]]))
    assert not equal(weights([models[lesson.student]]), weights([others[lesson.student]]))


@pytest.mark.parametrize("sequential", [True, False])
def test_the_same_seed_gives_the_same_weights_to_the_bit(
    encoder_folder: Path, transfer: TransferData, plan: AdaptationPlan, sequential: bool
) -> None:
    plan = replace(plan, sequential=sequential)
    first = adapt(rebuilt(encoder_folder), transfer, plan, 1)
    torch.manual_seed(77)
    np.random.seed(77)
    assert equal(first, adapt(rebuilt(encoder_folder), transfer, plan, 1))
    assert not equal(first, adapt(rebuilt(encoder_folder), transfer, plan, 1, seed=2))


def test_an_adaptation_continued_from_saved_models_is_the_same_as_one_without_a_break(
    encoder_folder: Path, transfer: TransferData, plan: AdaptationPlan, tmp_path: Path
) -> None:
    plan = replace(plan, agreement=False)
    whole = adapt(rebuilt(encoder_folder), transfer, plan, 1, 2, 3)
    models = rebuilt(encoder_folder)
    for epoch in (1, 2, 3):
        adapt(models, transfer, plan, epoch)
        for number, model in enumerate(models):
            model.save(tmp_path / f"{epoch}" / f"{number}")
        models = [TaskModel.load(tmp_path / f"{epoch}" / f"{number}") for number in range(3)]
    assert equal(weights(models), whole)


@pytest.mark.parametrize("sequential", [True, False])
def test_what_is_known_from_the_epoch_before_is_what_the_models_say(
    encoder_folder: Path, transfer: TransferData, plan: AdaptationPlan, xner_dev: Corpus, sequential: bool
) -> None:
    # With a dev set some lessons change their student, others do not.
    how = replace(plan, agreement=False, sequential=sequential)
    data = replace(transfer, validation=xner_dev)
    whole = adapt(rebuilt(encoder_folder), data, how, 1, 2, 3)
    assert equal(together(rebuilt(encoder_folder), data, how), whole)


def test_an_epoch_broken_off_can_be_done_again_from_where_it_began(
    encoder_folder: Path, transfer: TransferData, plan: AdaptationPlan, tmp_path: Path
) -> None:
    plan = replace(plan, agreement=False)
    whole = adapt(rebuilt(encoder_folder), transfer, plan, 1, 2)
    models = rebuilt(encoder_folder)
    adapt(models, transfer, plan, 1)
    for number, model in enumerate(models):
        model.save(tmp_path / f"{number}")
    lessons = co_teach(models, transfer, plan, epoch=2, seed=1)
    next(lessons)
    next(lessons)
    lessons.close()
    models = [TaskModel.load(tmp_path / f"{number}") for number in range(3)]
    assert equal(adapt(models, transfer, plan, 2), whole)
