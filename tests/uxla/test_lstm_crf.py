"""Every word has its marginals whatever stands beside it, and models come back from disk as they were."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from uxla.examples import Corpus, Example
from uxla.lstm_crf import LstmCrf, Shape, collate
from uxla.randomness import torch_seed
from uxla.tasks import TASKS

XNER = TASKS["xner"]
SHAPE = Shape(word_width=12, character_width=6, hidden=10, dropout=0.5)
CPU = torch.device("cpu")


@pytest.fixture
def model(xner: Corpus) -> LstmCrf:
    """An untrained model whose CRF has random scores, so that neighbours matter."""
    model = LstmCrf.build(xner, XNER, SHAPE, seed=3)
    with torch_seed(3, "crf"), torch.no_grad():
        for weight in model.network.crf.parameters():
            weight.normal_()
    return model


def weights(model: LstmCrf) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in model.network.state_dict().items()}


def differing(first: LstmCrf, second: LstmCrf) -> set[str]:
    ours, theirs = weights(first), weights(second)
    assert ours.keys() == theirs.keys()
    return {name for name in ours if not torch.equal(ours[name], theirs[name])}


def test_the_weights_depend_on_the_seed_alone(xner: Corpus) -> None:
    first, same, other = (LstmCrf.build(xner, XNER, SHAPE, seed=seed) for seed in (3, 3, 4))
    assert differing(first, same) == set()
    assert {"words.weight", "characters.weight", "scorer.weight"} <= differing(first, other)


def test_building_leaves_the_generator_of_the_caller_alone(xner: Corpus) -> None:
    before = torch.get_rng_state()
    LstmCrf.build(xner, XNER, SHAPE, seed=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_vectors_have_their_variance_and_the_unknown_begin_at_zero(xner: Corpus) -> None:
    network = LstmCrf.build(xner, XNER, replace(SHAPE, word_width=200), seed=3).network
    assert network.words.weight[1:].var().item() == pytest.approx(1 / 200, rel=0.1)
    assert network.words.weight[0].count_nonzero() == network.characters.weight[0].count_nonzero() == 0


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_a_task_of_pairs_is_refused_in_one_line(xnli: Corpus, task: str) -> None:
    with pytest.raises(ValueError, match=f"^an LSTM-CRF needs a task that labels words, was: {task}$"):
        LstmCrf.build(xnli, TASKS[task], SHAPE, seed=3)


def test_every_distinct_word_of_a_batch_is_spelt_once(model: LstmCrf) -> None:
    corpus = Corpus.of(
        Example(str(i), "qaa", (tuple(text.split()),)) for i, text in enumerate(["a b a", "b c", "d"])
    )
    batch = collate(model.vocabulary.encode(corpus), np.array([1, 0]), device=CPU)
    assert len(batch.spellings) == 3
    assert batch.attended.tolist() == [[True, True, False], [True, True, True]]
    assert batch.places.tolist() == [[1, 2, 0], [0, 1, 0]]
    assert batch.classes.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_there_is_one_distribution_a_word(model: LstmCrf, xner: Corpus) -> None:
    predictions = model.predict(xner)
    assert [len(classes) for classes in predictions.classes] == [len(e.texts[0]) for e in xner]
    assert predictions.probabilities.shape[1] == XNER.n_classes
    assert predictions.probabilities.dtype == np.float32
    assert predictions.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("token_budget", [1, 50, 100_000])
def test_predictions_do_not_depend_on_the_token_budget(
    model: LstmCrf, xner: Corpus, token_budget: int
) -> None:
    usual, other = model.predict(xner), model.predict(xner, token_budget=token_budget)
    assert np.allclose(usual.probabilities, other.probabilities, atol=1e-6)
    assert np.array_equal(usual.flat_classes, other.flat_classes)
    assert np.array_equal(usual.starts, other.starts)


def test_an_example_is_predicted_as_it_is_alone(model: LstmCrf, xner: Corpus) -> None:
    together = model.predict(xner)
    for row in range(len(xner)):
        alone = model.predict(xner.select([row]))
        begin, end = together.starts[row : row + 2]
        assert np.allclose(together.probabilities[begin:end], alone.probabilities, atol=1e-6)


def test_a_word_is_read_with_its_neighbours_and_its_characters(model: LstmCrf, xner: Corpus) -> None:
    word = model.vocabulary.words[0]
    texts = [(word, "zz", word), (word, "zy", word), (word, word, word)]
    corpus = Corpus.of(Example(str(i), "qaa", (text,)) for i, text in enumerate(texts))
    # Neither zz nor zy is a known word: they differ by a character that is known.
    assert {"zz", "zy"}.isdisjoint(model.vocabulary.words)
    assert not {"z", "y"}.isdisjoint(model.vocabulary.characters)
    firsts = model.predict(corpus).probabilities[::3]
    assert not np.allclose(firsts[0], firsts[1], atol=1e-6)
    assert not np.allclose(firsts[0], firsts[2], atol=1e-6)


def test_unseen_words_and_characters_are_predicted(model: LstmCrf) -> None:
    corpus = Corpus.of([Example("new", "ja", (("東京", "", "☃", "東京"),))])
    assert not {"東", "京", "☃"} & set(model.vocabulary.characters)
    assert model.predict(corpus).probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_empty_corpus_has_empty_predictions(model: LstmCrf) -> None:
    predictions = model.predict(Corpus.of([]))
    assert (len(predictions), predictions.classes, predictions.starts.tolist()) == (0, [], [0])
    assert predictions.probabilities.shape == (0, XNER.n_classes)


def test_sentences_of_one_word_and_of_none_are_predicted(model: LstmCrf) -> None:
    texts: list[tuple[str, ...]] = [(), ("word",), (), ("two", "words")]
    corpus = Corpus.of(Example(str(i), "qaa", (text,)) for i, text in enumerate(texts))
    assert [len(classes) for classes in model.predict(corpus).classes] == [0, 1, 0, 2]
    nothing = model.predict(corpus.select([0]))
    assert (nothing.starts.tolist(), nothing.probabilities.shape) == ([0, 0], (0, XNER.n_classes))


def test_a_model_without_a_vocabulary_predicts(xner: Corpus) -> None:
    model = LstmCrf.build(Corpus.of([]), XNER, SHAPE, seed=3)
    assert len(model.predict(xner)) == len(xner)


def test_labels_are_not_looked_at(model: LstmCrf, xner: Corpus) -> None:
    labelled, unlabelled = model.predict(xner), model.predict(xner.unlabelled())
    assert np.array_equal(labelled.probabilities, unlabelled.probabilities)


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_off_while_predicting_and_the_mode_is_kept(
    model: LstmCrf, xner: Corpus, training: bool
) -> None:
    model.network.train(training)
    first, second = model.predict(xner), model.predict(xner)
    assert np.array_equal(first.probabilities, second.probabilities)
    assert model.network.training is training


def test_predicting_inside_inference_mode_is_the_same_and_changes_no_weight(
    model: LstmCrf, xner: Corpus
) -> None:
    before = weights(model)
    outside = model.predict(xner)
    with torch.inference_mode():
        inside = model.predict(xner)
    assert np.array_equal(outside.probabilities, inside.probabilities)
    assert all(torch.equal(weight, before[name]) for name, weight in weights(model).items())
    assert all(weight.grad is None for weight in model.network.parameters())


def test_a_model_predicts_the_same_bytes_after_save_and_load(
    model: LstmCrf, xner: Corpus, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    loaded = LstmCrf.load(tmp_path / "model")
    assert (loaded.task, loaded.shape, loaded.vocabulary) == (XNER, SHAPE, model.vocabulary)
    assert not loaded.network.training
    assert differing(model, loaded) == set()
    assert model.predict(xner).probabilities.tobytes() == loaded.predict(xner).probabilities.tobytes()


def test_saving_again_gives_the_same_bytes_and_replaces_what_was_there(
    model: LstmCrf, xner: Corpus, tmp_path: Path
) -> None:
    LstmCrf.build(xner, TASKS["wikiann"], SHAPE, seed=1).save(tmp_path / "first")
    for name in ("first", "second"):
        model.save(tmp_path / name)
    for file in ("model.safetensors", "lstm_crf.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}
    assert {path.suffix for path in (tmp_path / "first").iterdir()} == {".json", ".safetensors"}


def test_a_crash_while_saving_leaves_the_old_model(
    model: LstmCrf, xner: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    model.save(tmp_path / "model")
    monkeypatch.setattr("uxla.lstm_crf.save_file", fail)
    with pytest.raises(OSError, match="no space left"):
        LstmCrf.build(xner, XNER, SHAPE, seed=4).save(tmp_path / "model")
    assert differing(LstmCrf.load(tmp_path / "model"), model) == set()
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


@pytest.mark.parametrize(
    "content", [None, "no json", "{}", "[]", '{"words": [], "characters": [], "task": 1}']
)
def test_a_folder_of_something_else_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "lstm_crf.json").write_text(content)
    with pytest.raises(ValueError, match=r"expected an LSTM-CRF with an lstm_crf\.json, found none"):
        LstmCrf.load(tmp_path)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_predicts_the_same_and_saves_the_same(model: LstmCrf, xner: Corpus, tmp_path: Path) -> None:
    model.save(tmp_path / "cpu")
    here = model.predict(xner).probabilities
    there = model.to(torch.device("cuda")).predict(xner).probabilities
    assert np.allclose(here, there, atol=1e-4)
    model.save(tmp_path / "gpu")
    assert differing(LstmCrf.load(tmp_path / "cpu"), LstmCrf.load(tmp_path / "gpu")) == set()
