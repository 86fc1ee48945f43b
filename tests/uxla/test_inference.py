"""Every word is predicted exactly once, and batching never changes a prediction."""

import numpy as np
import pytest
import torch

from uxla.devices import Precision
from uxla.encoding import encode
from uxla.examples import Corpus, Example
from uxla.inference import predict, predict_rows
from uxla.models import TaskModel

EMPTY = Corpus.of([])


@pytest.mark.parametrize("token_budget", [1, 50, 100_000])
@pytest.mark.parametrize("kind", ["tagger", "classifier"])
def test_predictions_do_not_depend_on_the_token_budget(
    kind: str, token_budget: int, xner: Corpus, xnli: Corpus, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)
    corpus = xner if kind == "tagger" else xnli
    usual, other = predict(model, corpus), predict(model, corpus, token_budget=token_budget)
    assert np.allclose(usual.probabilities, other.probabilities, atol=1e-6)
    assert np.array_equal(usual.flat_classes, other.flat_classes)
    assert np.array_equal(usual.starts, other.starts)


def test_there_is_one_distribution_a_word(tagger: TaskModel, xner: Corpus) -> None:
    predictions = predict(tagger, xner)
    assert [len(classes) for classes in predictions.classes] == [len(e.texts[0]) for e in xner]
    assert predictions.probabilities.shape[1] == 9
    assert predictions.probabilities.sum(axis=1) == pytest.approx(1)


def test_there_is_one_distribution_a_pair(classifier: TaskModel, xnli: Corpus) -> None:
    predictions = predict(classifier, xnli)
    assert predictions.probabilities.shape == (len(xnli), 3)
    assert predictions.starts.tolist() == list(range(len(xnli) + 1))


def test_labels_are_not_looked_at(tagger: TaskModel, xner: Corpus) -> None:
    labelled, unlabelled = predict(tagger, xner), predict(tagger, xner.unlabelled())
    assert np.array_equal(labelled.probabilities, unlabelled.probabilities)


def test_an_example_is_predicted_as_it_is_alone(tagger: TaskModel, xner: Corpus) -> None:
    together = predict(tagger, xner)
    begin, end = together.starts[5:7]
    alone = predict(tagger, xner.select([5]))
    assert np.allclose(together.probabilities[begin:end], alone.probabilities, atol=1e-6)


def test_a_sentence_longer_than_the_encoder_is_predicted_whole(tagger: TaskModel, xner: Corpus) -> None:
    words = tuple(word for example in xner for word in example.texts[0])
    corpus = Corpus.of(
        [
            Example("short", "qaa", (words[:3],)),
            Example("long", "qaa", (words,)),
            Example("none", "qaa", ((),)),
        ]
    )
    predictions = predict(tagger, corpus)
    assert [len(classes) for classes in predictions.classes] == [3, len(words), 0]
    assert predictions.probabilities.sum(axis=1) == pytest.approx(1)


def test_the_windows_of_a_long_sentence_are_predicted_like_sentences(tagger: TaskModel, xner: Corpus) -> None:
    words = tuple(word for example in xner for word in example.texts[0])
    long = Corpus.of([Example("long", "qaa", (words,))])
    counts = np.diff(encode(long, tagger.task, tagger.encoder, max_length=tagger.max_length).mark_starts)
    assert len(counts) > 5
    ends = np.cumsum(counts)
    windows = Corpus.of(
        Example(str(end), "qaa", (words[end - count : end],)) for end, count in zip(ends, counts, strict=True)
    )
    assert np.allclose(predict(tagger, long).probabilities, predict(tagger, windows).probabilities, atol=1e-6)


def test_a_shorter_max_length_cuts_more_and_loses_nothing(tagger: TaskModel, xner: Corpus) -> None:
    assert np.array_equal(predict(tagger, xner, max_length=8).starts, predict(tagger, xner).starts)


@pytest.mark.parametrize("kind", ["tagger", "classifier"])
def test_an_empty_corpus_has_empty_predictions(kind: str, request: pytest.FixtureRequest) -> None:
    predictions = predict(request.getfixturevalue(kind), EMPTY)
    assert (len(predictions), predictions.classes, predictions.starts.tolist()) == (0, [], [0])
    assert predictions.confidence.tolist() == predictions.loss.tolist() == []


def test_rows_longer_than_the_encoder_takes_are_refused(tagger: TaskModel, xner: Corpus) -> None:
    with pytest.raises(ValueError, match=r"^max_length must be at most 40 here, was: 41$"):
        predict(tagger, xner, max_length=41)


def test_rows_encoded_before_give_the_same(tagger: TaskModel, xner: Corpus) -> None:
    rows = encode(xner, tagger.task, tagger.encoder, max_length=tagger.max_length)
    ours, theirs = predict_rows(tagger, rows, len(xner)), predict(tagger, xner)
    assert np.array_equal(ours.probabilities, theirs.probabilities)


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_off_while_predicting_and_the_mode_is_kept(
    tagger: TaskModel, xner: Corpus, training: bool
) -> None:
    tagger.network.train(training)
    first, second = predict(tagger, xner), predict(tagger, xner)
    assert np.array_equal(first.probabilities, second.probabilities)
    assert tagger.network.training is training


def test_predicting_changes_no_weight_and_keeps_no_gradient(tagger: TaskModel, xner: Corpus) -> None:
    before = {name: weight.clone() for name, weight in tagger.network.state_dict().items()}
    predict(tagger, xner)
    assert all(torch.equal(weight, before[name]) for name, weight in tagger.network.state_dict().items())
    assert all(weight.grad is None for weight in tagger.network.parameters())


def test_half_precision_gives_nearly_the_same_in_single_precision(tagger: TaskModel, xner: Corpus) -> None:
    full, half = predict(tagger, xner), predict(tagger, xner, precision=Precision.BF16)
    assert half.probabilities.dtype == np.float32
    assert half.probabilities.sum(axis=1) == pytest.approx(1)
    assert np.allclose(full.probabilities, half.probabilities, atol=0.02)
