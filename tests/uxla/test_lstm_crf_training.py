"""An LSTM-CRF learns, repeats itself, and is left with its best weights by the dev set."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from uxla.descent import Fit, Recipe
from uxla.examples import Corpus, Example
from uxla.lstm_crf import LstmCrf, Shape
from uxla.lstm_crf_training import fit_lstm_crf
from uxla.metrics import evaluate
from uxla.tasks import TASKS
from uxla.vocabulary import UNKNOWN

XNER = TASKS["xner"]
SHAPE = Shape(word_width=16, character_width=8, hidden=16, dropout=0.5)

Weights = dict[str, torch.Tensor]


@pytest.fixture
def model(xner: Corpus) -> LstmCrf:
    """An untrained model."""
    return LstmCrf.build(xner, XNER, SHAPE, seed=3)


def weights(model: LstmCrf) -> Weights:
    return {name: weight.detach().clone() for name, weight in model.network.state_dict().items()}


def equal(first: Weights, second: Weights) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


class Diary:
    """A log that also keeps the weights at every validation."""

    def __init__(self, model: LstmCrf) -> None:
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


def with_rate(recipe: Recipe, learning_rate: float, **changes: object) -> Recipe:
    optimisation = replace(recipe.optimisation, learning_rate=learning_rate, weight_decay=0.0)
    return replace(recipe, optimisation=optimisation, **changes)  # type: ignore[arg-type]


def test_a_small_corpus_is_learnt(xner: Corpus, recipe: Recipe) -> None:
    model = LstmCrf.build(xner, XNER, replace(SHAPE, dropout=0.0), seed=3)
    diary = Diary(model)
    quick = with_rate(recipe, 0.03, max_steps=60, batch_size=8, validate_every=20)
    result = fit_lstm_crf(model, xner, quick, validation=xner, unknown_ratio=0.0, seed=1, log=diary)
    assert result.best is not None
    assert result.best > 95
    assert evaluate(XNER, xner, model.predict(xner).classes)["f1"] == result.best
    assert diary.losses[60] < diary.losses[1] / 10


def test_the_loss_of_a_new_model_is_that_of_a_guess(model: LstmCrf, xner: Corpus, recipe: Recipe) -> None:
    diary = Diary(model)
    whole = replace(recipe, max_steps=1, batch_size=len(xner))
    fit_lstm_crf(model, xner, whole, validation=None, unknown_ratio=0.0, seed=1, log=diary)
    # Nine classes that are nearly alike for each word: log 9 = 2.197 a word, summed over a sentence.
    n_words = sum(len(example.texts[0]) for example in xner)
    assert diary.losses[1] * len(xner) / n_words == pytest.approx(2.197, abs=0.15)


def test_the_same_seed_gives_the_same_weights_bit_for_bit(xner: Corpus, recipe: Recipe) -> None:
    trained = []
    for seed, disturbance in ((1, 5), (1, 6), (2, 5)):
        model = LstmCrf.build(xner, XNER, SHAPE, seed=3)
        torch.manual_seed(disturbance)
        fit_lstm_crf(model, xner, recipe, validation=None, unknown_ratio=0.5, seed=seed)
        trained.append(weights(model))
    assert equal(trained[0], trained[1])
    assert not equal(trained[0], trained[2])


def test_accumulated_gradients_equal_a_big_batch(xner: Corpus, recipe: Recipe) -> None:
    # A large epsilon keeps Adam from blowing up differences in the last bit.
    recipe = replace(recipe, max_steps=6, optimisation=replace(recipe.optimisation, adam_epsilon=1e-3))
    trained, losses = [], []
    for batch_size, accumulate in ((4, 1), (2, 2), (1, 4)):
        model = LstmCrf.build(xner, XNER, replace(SHAPE, dropout=0.0), seed=3)
        diary = Diary(model)
        shape = replace(recipe, batch_size=batch_size, accumulate=accumulate)
        # Four sentences: whatever their order, every update sees all of them.
        few = xner.select(range(4))
        fit_lstm_crf(model, few, shape, validation=None, unknown_ratio=0.0, seed=1, log=diary)
        trained.append(weights(model))
        losses.append(list(diary.losses.values()))
    for other, other_losses in zip(trained[1:], losses[1:], strict=True):
        assert all(torch.allclose(trained[0][name], other[name], atol=1e-5) for name in other)
        assert losses[0] == pytest.approx(other_losses, abs=1e-4)


@pytest.mark.parametrize("unknown_ratio", [0.0, 1.0])
def test_words_of_a_single_occurrence_are_read_as_unknown(recipe: Recipe, unknown_ratio: float) -> None:
    texts = [("often", "once", "often"), ("often", "twice"), ("twice", "often")]
    labels = [(0, 1, 0), (0, 3), (3, 0)]
    corpus = Corpus.of(
        Example(str(i), "qaa", (text,), classes)
        for i, (text, classes) in enumerate(zip(texts, labels, strict=True))
    )
    model = LstmCrf.build(corpus, XNER, SHAPE, seed=3)
    before = weights(model)["words.weight"]
    fit_lstm_crf(model, corpus, with_rate(recipe, 0.01), validation=None, unknown_ratio=unknown_ratio, seed=1)
    learnt = (weights(model)["words.weight"] != before).any(dim=1)
    ids = [model.vocabulary.words.index(word) + 1 for word in ("often", "twice", "once")]
    assert learnt[ids].tolist() == [True, True, unknown_ratio == 0]
    assert learnt[UNKNOWN].item() is (unknown_ratio == 1)


def test_it_validates_before_every_so_many_steps_and_at_the_end(
    model: LstmCrf, xner: Corpus, recipe: Recipe
) -> None:
    diary = Diary(model)
    recipe = replace(recipe, max_steps=10, validate_every=4)
    fit_lstm_crf(model, xner, recipe, validation=xner, unknown_ratio=0.5, seed=1, log=diary)
    assert list(diary.scores) == [0, 4, 8, 10]
    assert list(diary.losses) == list(range(1, 11))


@pytest.mark.parametrize(
    ("scores", "kept", "fit"),
    [
        ((50, 60, 60, 55), 4, Fit(before=50, best=60, n_steps=12, improved=True)),
        ((50, 40, 50, 30), 0, Fit(before=50, best=50, n_steps=12, improved=False)),
    ],
)
def test_the_weights_of_the_first_best_dev_score_come_back(
    model: LstmCrf,
    xner: Corpus,
    recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    scores: tuple[int, ...],
    kept: int,
    fit: Fit,
) -> None:
    remaining = iter(scores)
    monkeypatch.setattr("uxla.lstm_crf_training.evaluate", lambda *_: {"f1": next(remaining)})
    diary = Diary(model)
    result = fit_lstm_crf(model, xner, recipe, validation=xner, unknown_ratio=0.5, seed=1, log=diary)
    assert result == fit
    assert equal(weights(model), diary.weights[kept])
    assert not equal(weights(model), diary.weights[12])


def test_validating_does_not_change_what_is_learnt(xner: Corpus, recipe: Recipe) -> None:
    losses = []
    for validation in (None, xner):
        model = LstmCrf.build(xner, XNER, SHAPE, seed=3)
        diary = Diary(model)
        fit_lstm_crf(model, xner, recipe, validation=validation, unknown_ratio=0.5, seed=1, log=diary)
        losses.append(diary.losses)
    assert losses[0] == losses[1]


def test_without_a_dev_set_the_last_weights_stay(model: LstmCrf, xner: Corpus, recipe: Recipe) -> None:
    before, diary = weights(model), Diary(model)
    result = fit_lstm_crf(model, xner, recipe, validation=None, unknown_ratio=0.5, seed=1, log=diary)
    assert result == Fit(None, None, 12, improved=True)
    assert diary.scores == {}
    assert not equal(weights(model), before)


def test_the_model_is_left_ready_to_predict(model: LstmCrf, xner: Corpus, recipe: Recipe) -> None:
    fit_lstm_crf(model, xner, recipe, validation=xner, unknown_ratio=0.5, seed=1)
    assert not model.network.training
    assert all(weight.grad is None for weight in model.network.parameters())


def test_dropout_is_on_while_training(xner: Corpus, recipe: Recipe) -> None:
    losses = []
    for dropout in (0.0, 0.5):
        model = LstmCrf.build(xner, XNER, replace(SHAPE, dropout=dropout), seed=3)
        diary = Diary(model)
        short = replace(recipe, max_steps=1)
        # The model is validated first, which turns dropout off for that while.
        fit_lstm_crf(model, xner, short, validation=xner, unknown_ratio=0.0, seed=1, log=diary)
        losses.append(diary.losses[1])
    assert losses[0] != losses[1]


def test_sentences_without_words_are_left_out(xner: Corpus, recipe: Recipe) -> None:
    nothing = [Example("none", "qaa", ((),), ()), *xner]
    passes = replace(recipe, max_steps=None, train_passes=1.0)
    losses = []
    for corpus in (xner, Corpus.of(nothing)):
        model = LstmCrf.build(xner, XNER, SHAPE, seed=3)
        diary = Diary(model)
        result = fit_lstm_crf(model, corpus, passes, validation=corpus, unknown_ratio=0.5, seed=1, log=diary)
        assert result.n_steps == 6
        losses.append(diary.losses)
    assert losses[0] == losses[1]


def test_an_empty_corpus_is_refused(model: LstmCrf, xner: Corpus, recipe: Recipe) -> None:
    empty = Corpus.of([])
    with pytest.raises(ValueError, match=r"every corpus needs at least one example, was: \[0\]"):
        fit_lstm_crf(model, empty, recipe, validation=None, unknown_ratio=0.5, seed=1)
    with pytest.raises(ValueError, match="a score needs at least one example, was: 0"):
        fit_lstm_crf(model, xner, recipe, validation=empty, unknown_ratio=0.5, seed=1)


def test_an_unlabelled_corpus_is_refused(model: LstmCrf, xner: Corpus, recipe: Recipe) -> None:
    with pytest.raises(ValueError, match="training needs labels, was: an unlabelled corpus of 24 examples"):
        fit_lstm_crf(model, xner.unlabelled(), recipe, validation=None, unknown_ratio=0.5, seed=1)
    with pytest.raises(ValueError, match="labels were asked of an unlabelled corpus of 24 examples"):
        fit_lstm_crf(model, xner, recipe, validation=xner.unlabelled(), unknown_ratio=0.5, seed=1)


def test_what_does_not_apply_is_refused(model: LstmCrf, xner: Corpus, recipe: Recipe) -> None:
    penalised = replace(recipe, confidence_penalty=True)
    with pytest.raises(ValueError, match="confidence_penalty must be False, was: True"):
        fit_lstm_crf(model, xner, penalised, validation=None, unknown_ratio=0.5, seed=1)
    with pytest.raises(ValueError, match=r"unknown_ratio must lie in \[0, 1\], was: 50"):
        fit_lstm_crf(model, xner, recipe, validation=None, unknown_ratio=50, seed=1)
