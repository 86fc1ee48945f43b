"""Training learns, repeats itself, and hands back the best weights by the dev set."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from uxla.batches import collate
from uxla.descent import Fit, Recipe
from uxla.encoding import encode
from uxla.examples import Corpus
from uxla.inference import predict
from uxla.losses import cross_entropy
from uxla.metrics import evaluate
from uxla.models import TaskModel
from uxla.predictions import Predictions
from uxla.tasks import TASKS
from uxla.training import SoftCorpus, fit

XNER, XNLI = TASKS["xner"], TASKS["xnli"]

Weights = dict[str, torch.Tensor]


def weights(model: TaskModel) -> Weights:
    return {name: weight.detach().clone() for name, weight in model.network.state_dict().items()}


def equal(first: Weights, second: Weights) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


class Diary:
    """A log that also keeps the weights at every validation."""

    def __init__(self, model: TaskModel) -> None:
        self.model = model
        self.losses: dict[int, float] = {}
        self.scores: dict[int, float] = {}
        self.weights: dict[int, Weights] = {}

    def __call__(self, step: int, metrics: Mapping[str, float]) -> None:
        if "loss" in metrics:
            self.losses[step] = metrics["loss"]
        if "dev" in metrics:
            self.scores[step] = metrics["dev"]
            self.weights[step] = weights(self.model)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has the dev set give these scores, one after the other."""

    def script(*scores: float) -> None:
        remaining = iter(scores)
        monkeypatch.setattr("uxla.training.evaluate", lambda *_: {"f1": next(remaining)})

    return script


def test_the_loss_falls_and_the_dev_score_rises(tagger: TaskModel, xner: Corpus, recipe: Recipe) -> None:
    diary = Diary(tagger)
    result = fit(tagger, [xner], replace(recipe, max_steps=60), validation=xner, seed=1, log=diary)
    first, last = (sum(diary.losses[step] for step in steps) for steps in (range(1, 6), range(56, 61)))
    assert last < first / 2
    assert result.improved
    assert result.best is not None
    assert result.before is not None
    assert result.best > result.before + 10


def test_pairs_are_learnt_too(classifier: TaskModel, xnli: Corpus, recipe: Recipe) -> None:
    fit(classifier, [xnli], replace(recipe, max_steps=40), validation=xnli, seed=1)
    assert evaluate(XNLI, xnli, predict(classifier, xnli).classes)["accuracy"] == 100


@pytest.mark.parametrize("confidence_penalty", [True, False])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    encoder_folder: Path, xner: Corpus, recipe: Recipe, confidence_penalty: bool
) -> None:
    recipe = replace(recipe, confidence_penalty=confidence_penalty)
    trained = []
    for seed, disturbance in ((1, 5), (1, 6), (2, 5)):
        model = TaskModel.build(encoder_folder, XNER, seed=3)
        torch.manual_seed(disturbance)
        fit(model, [xner, xner.select([0, 1])], recipe, validation=None, seed=seed)
        trained.append(weights(model))
    assert equal(trained[0], trained[1])
    assert not equal(trained[0], trained[2])


def test_accumulated_gradients_equal_a_big_batch(encoder_folder: Path, xnli: Corpus, recipe: Recipe) -> None:
    # A large epsilon keeps Adam from blowing up differences in the last bit.
    recipe = replace(recipe, max_steps=6, optimisation=replace(recipe.optimisation, adam_epsilon=1e-3))
    trained, losses = [], []
    for batch_size, accumulate in ((4, 1), (2, 2), (1, 4)):
        model = TaskModel.build(encoder_folder, XNLI, seed=3, dropout=0.0)
        diary = Diary(model)
        shape = replace(recipe, batch_size=batch_size, accumulate=accumulate)
        # Four pairs: whatever their order, every update sees all of them.
        fit(model, [xnli.select(range(4))], shape, validation=None, seed=1, log=diary)
        trained.append(weights(model))
        losses.append(list(diary.losses.values()))
    for other, other_losses in zip(trained[1:], losses[1:], strict=True):
        assert all(torch.allclose(trained[0][name], other[name], atol=1e-5) for name in other)
        assert losses[0] == pytest.approx(other_losses, abs=1e-5)


def test_the_penalty_is_taken_off_the_loss(encoder_folder: Path, xner: Corpus, recipe: Recipe) -> None:
    losses = []
    for penalty in (False, True):
        model = TaskModel.build(encoder_folder, XNER, seed=3)
        diary = Diary(model)
        fit(
            model,
            [xner],
            replace(recipe, max_steps=1, confidence_penalty=penalty),
            validation=None,
            seed=1,
            log=diary,
        )
        losses.append(diary.losses[1])
    # An untrained model is nearly undecided between nine classes: the entropy is about log 9 = 2.197.
    assert losses[0] - losses[1] == pytest.approx(2.197, abs=0.1)


def sure_of(corpus: Corpus, n_classes: int) -> Predictions:
    """Probabilities of one for the labels of a corpus."""
    starts = np.concatenate([[0], np.cumsum([len(classes) for classes in corpus.classes])])
    return Predictions(np.eye(n_classes, dtype=np.float32)[np.concatenate(corpus.classes)], starts)


@pytest.mark.parametrize("penalty", [False, True])
def test_batches_for_a_gpu_have_the_same_loss_and_gradients(
    encoder_folder: Path, xner: Corpus, penalty: bool
) -> None:
    outcomes = []
    for multiple in (None, 8):
        model = TaskModel.build(encoder_folder, XNER, seed=1, dropout=0.0)
        rows = encode(xner, XNER, model.encoder, max_length=40)
        batch = collate(
            rows, np.arange(5), padding=model.encoder.padding, device=model.device, multiple=multiple
        )
        loss = cross_entropy(
            model.logits(batch), batch.labels, confidence_penalty=penalty, weights=batch.weights
        )
        loss.backward()
        gradients = [w.grad.flatten() for w in model.network.parameters() if w.grad is not None]
        outcomes.append((loss.item(), torch.cat(gradients)))
    (loss_of_one, gradients_of_one), (loss_of_other, gradients_of_other) = outcomes
    assert loss_of_one == pytest.approx(loss_of_other, rel=1e-5)
    torch.testing.assert_close(gradients_of_one, gradients_of_other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("max_length", [40, 8])
def test_soft_labels_that_are_sure_teach_what_labels_do_word_by_word(
    encoder_folder: Path, xner: Corpus, xner_dev: Corpus, recipe: Recipe, max_length: int
) -> None:
    # At 8 subwords a row, a sentence is cut into several.
    recipe = replace(recipe, max_length=max_length)
    trained, losses = [], []
    soft = SoftCorpus(xner.unlabelled(), sure_of(xner, XNER.n_classes))
    for corpus in (xner, soft):
        model = TaskModel.build(encoder_folder, XNER, seed=3)
        diary = Diary(model)
        fit(model, [xner_dev, corpus], recipe, validation=None, seed=1, log=diary)
        trained.append(weights(model))
        losses.append(list(diary.losses.values()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert all(torch.allclose(trained[0][name], trained[1][name], atol=1e-6) for name in trained[0])


def test_soft_labels_are_learnt_in_place_of_the_classes(
    classifier: TaskModel, xnli: Corpus, recipe: Recipe
) -> None:
    wanted = np.tile(np.array([[0.2, 0.5, 0.3]], np.float32), (len(xnli), 1))
    soft = SoftCorpus(xnli, Predictions(wanted, np.arange(len(xnli) + 1)))
    fit(classifier, [soft], replace(recipe, max_steps=60), validation=None, seed=1)
    assert predict(classifier, xnli).probabilities == pytest.approx(wanted, abs=0.1)


def test_soft_labels_of_another_corpus_or_task_are_refused(
    tagger: TaskModel, xner: Corpus, recipe: Recipe
) -> None:
    labels = sure_of(xner.select([0, 1]), 9)
    n_words = len(xner.select([0]).classes[0])
    expected = rf"soft labels of this corpus must have the shape \({n_words}, 9\), was: "
    for wrong in (labels, sure_of(xner.select([0]), 10)):
        shape = r"\({}, {}\)".format(*wrong.probabilities.shape)
        with pytest.raises(ValueError, match=expected + shape):
            fit(tagger, [SoftCorpus(xner.select([0]), wrong)], recipe, validation=None, seed=1)


def test_it_validates_before_every_so_many_steps_and_at_the_end(
    tagger: TaskModel, xner: Corpus, recipe: Recipe, scored: Callable[..., None]
) -> None:
    scored(50, 60, 60, 55)
    diary = Diary(tagger)
    fit(tagger, [xner], replace(recipe, max_steps=10, validate_every=4), validation=xner, seed=1, log=diary)
    assert list(diary.scores) == [0, 4, 8, 10]
    assert list(diary.losses) == list(range(1, 11))


def test_the_weights_of_the_first_best_dev_score_come_back(
    tagger: TaskModel, xner: Corpus, recipe: Recipe, scored: Callable[..., None]
) -> None:
    scored(50, 60, 60, 55)
    diary = Diary(tagger)
    result = fit(tagger, [xner], recipe, validation=xner, seed=1, log=diary)
    assert result == Fit(before=50, best=60, n_steps=12, improved=True)
    assert equal(weights(tagger), diary.weights[4])
    assert not equal(weights(tagger), diary.weights[8])


def test_the_weights_that_come_back_are_whole_where_only_rows_in_use_are_trained(
    tagger: TaskModel,
    xner: Corpus,
    recipe: Recipe,
    scored: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trimmed_one, some = deepcopy(tagger), xner.select(range(6))
    scored(50, 60, 60, 55)
    fit(tagger, [some], recipe, validation=some, seed=1)
    monkeypatch.setattr("uxla.trimming.WORTH_IT", 1)
    scored(50, 60, 60, 55)
    fit(trimmed_one, [some], recipe, validation=some, seed=1)
    found = weights(trimmed_one)
    for name, expected in weights(tagger).items():
        torch.testing.assert_close(found[name], expected, rtol=1e-3, atol=1e-5)


def test_without_improvement_the_model_stays_as_it_was(
    tagger: TaskModel, xner: Corpus, recipe: Recipe, scored: Callable[..., None]
) -> None:
    scored(50, 40, 50, 30)
    before = weights(tagger)
    diary = Diary(tagger)
    result = fit(tagger, [xner], recipe, validation=xner, seed=1, log=diary)
    assert result == Fit(before=50, best=50, n_steps=12, improved=False)
    assert equal(weights(tagger), before)
    assert not equal(diary.weights[12], before)


def test_the_reported_best_is_the_score_of_the_model(
    tagger: TaskModel, xner: Corpus, xner_dev: Corpus, recipe: Recipe
) -> None:
    diary = Diary(tagger)
    result = fit(tagger, [xner], replace(recipe, max_steps=40), validation=xner_dev, seed=1, log=diary)
    assert result.best == max(diary.scores.values())
    assert evaluate(XNER, xner_dev, predict(tagger, xner_dev).classes)["f1"] == result.best


def test_validating_does_not_change_what_is_learnt(
    encoder_folder: Path, xner: Corpus, recipe: Recipe
) -> None:
    losses = []
    for validation in (None, xner):
        model = TaskModel.build(encoder_folder, XNER, seed=3)
        diary = Diary(model)
        fit(model, [xner], recipe, validation=validation, seed=1, log=diary)
        losses.append(diary.losses)
    assert losses[0] == losses[1]


def test_without_a_dev_set_the_last_weights_stay(tagger: TaskModel, xner: Corpus, recipe: Recipe) -> None:
    before = weights(tagger)
    diary = Diary(tagger)
    assert fit(tagger, [xner], recipe, validation=None, seed=1, log=diary) == Fit(
        None, None, 12, improved=True
    )
    assert diary.scores == {}
    assert not equal(weights(tagger), before)


def test_the_model_is_left_ready_to_predict(tagger: TaskModel, xner: Corpus, recipe: Recipe) -> None:
    fit(tagger, [xner], recipe, validation=xner, seed=1)
    assert not tagger.network.training
    assert all(weight.grad is None for weight in tagger.network.parameters())


def test_dropout_is_on_while_training(encoder_folder: Path, xner: Corpus, recipe: Recipe) -> None:
    losses = []
    for dropout in (0.0, 0.5):
        model = TaskModel.build(encoder_folder, XNER, seed=3, dropout=dropout)
        diary = Diary(model)
        # The model is validated first, which turns dropout off for that while.
        fit(model, [xner], replace(recipe, max_steps=1), validation=xner, seed=1, log=diary)
        losses.append(diary.losses[1])
    assert losses[0] != losses[1]


def test_steps_follow_from_passes_over_the_examples(recipe: Recipe) -> None:
    passes = replace(recipe, max_steps=None, train_passes=1.0, batch_size=4, accumulate=4)
    assert [passes.n_steps(n) for n in (1, 16, 31, 100)] == [1, 1, 1, 6]
    assert replace(passes, train_passes=2.5).n_steps(100) == 250 // 16
    assert recipe.n_steps(100) == 12


def test_a_recipe_of_no_length_is_refused(recipe: Recipe) -> None:
    with pytest.raises(ValueError, match="a recipe needs max_steps or train_passes, was: neither"):
        replace(recipe, max_steps=None).n_steps(100)


def test_an_empty_corpus_is_refused(tagger: TaskModel, xner: Corpus, recipe: Recipe) -> None:
    with pytest.raises(ValueError, match=r"every corpus needs at least one example, was: \[24, 0\]"):
        fit(tagger, [xner, Corpus.of([])], recipe, validation=None, seed=1)
    with pytest.raises(ValueError, match="every corpus needs at least one example"):
        fit(tagger, [], recipe, validation=None, seed=1)
    with pytest.raises(ValueError, match="a score needs at least one example, was: 0"):
        fit(tagger, [xner], recipe, validation=Corpus.of([]), seed=1)


def test_an_unlabelled_corpus_is_refused(tagger: TaskModel, xner: Corpus, recipe: Recipe) -> None:
    with pytest.raises(ValueError, match="training needs labels, was: an unlabelled corpus of 24 examples"):
        fit(tagger, [xner, xner.unlabelled()], recipe, validation=None, seed=1)
    with pytest.raises(ValueError, match="training needs labels, was: an unlabelled corpus of 24 examples"):
        fit(tagger, [xner], recipe, validation=xner.unlabelled(), seed=1)


def test_rows_longer_than_the_encoder_takes_are_refused(
    tagger: TaskModel, xner: Corpus, recipe: Recipe
) -> None:
    with pytest.raises(ValueError, match="max_length must be at most 40 here, was: 41"):
        fit(tagger, [xner], replace(recipe, max_length=41), validation=None, seed=1)
