"""Task models read the positions they should, and come back from disk as they were."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from uxla.batches import collate
from uxla.encoding import encode
from uxla.examples import Corpus, Example
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.tasks import TASKS, Task

XNER, XNLI = TASKS["xner"], TASKS["xnli"]


def weights(model: TaskModel) -> dict[str, torch.Tensor]:
    return model.network.state_dict()


def differing(first: TaskModel, second: TaskModel) -> set[str]:
    ours, theirs = weights(first), weights(second)
    assert ours.keys() == theirs.keys()
    return {name for name in ours if not torch.equal(ours[name], theirs[name])}


def logits(model: TaskModel, corpus: Corpus) -> torch.Tensor:
    rows = encode(corpus, model.task, model.encoder, max_length=model.max_length)
    batch = collate(
        rows,
        np.arange(len(rows)),
        padding=model.encoder.padding,
        device=model.device,
        segments=model.has_segments,
    )
    with torch.inference_mode():
        return model.logits(batch)


def test_the_head_depends_on_the_seed_and_the_encoder_does_not(encoder_folder: Path) -> None:
    first, same, other = (TaskModel.build(encoder_folder, XNER, seed=seed) for seed in (3, 3, 4))
    assert differing(first, same) == set()
    assert differing(first, other) == {"classifier.weight"}


def test_building_leaves_the_generator_of_the_caller_alone(encoder_folder: Path) -> None:
    before = torch.get_rng_state()
    TaskModel.build(encoder_folder, XNER, seed=3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("folder", ["encoder_folder", "bert_folder"])
def test_the_head_reads_the_first_subword_of_each_word(
    folder: str, xner: Corpus, request: pytest.FixtureRequest
) -> None:
    model = TaskModel.build(request.getfixturevalue(folder), XNER, seed=3)
    model.network.eval()
    sentence = xner.select([0])
    (words,) = next(iter(sentence)).texts
    inputs = model.tokenizer(list(words), is_split_into_words=True, return_tensors="pt")
    firsts = [inputs.word_ids().index(word) for word in range(len(words))]
    with torch.inference_mode():
        expected = model.network(**inputs).logits[0, firsts]
    assert torch.allclose(logits(model, sentence), expected, atol=1e-6)


@pytest.mark.parametrize("folder", ["encoder_folder", "bert_folder"])
def test_the_head_reads_the_first_token_of_a_pair(
    folder: str, xnli: Corpus, request: pytest.FixtureRequest
) -> None:
    model = TaskModel.build(request.getfixturevalue(folder), XNLI, seed=3)
    model.network.eval()
    scores = logits(model, xnli)
    assert scores.shape == (len(xnli), 3)
    for row, example in enumerate(xnli):
        # With segments, where the encoder has them: BERT's own tokenizer sets them here.
        inputs = model.tokenizer(*map(" ".join, example.texts), return_tensors="pt")
        with torch.inference_mode():
            assert torch.allclose(scores[row], model.network(**inputs).logits[0, 0], atol=1e-6)


def test_a_model_predicts_the_same_after_save_and_load(
    tagger: TaskModel, xner: Corpus, tmp_path: Path
) -> None:
    tagger.save(tmp_path / "model")
    loaded = TaskModel.load(tmp_path / "model")
    assert loaded.task is XNER
    assert differing(tagger, loaded) == set()
    assert np.array_equal(predict(tagger, xner).probabilities, predict(loaded, xner).probabilities)


def test_saving_over_a_model_replaces_it(tagger: TaskModel, classifier: TaskModel, tmp_path: Path) -> None:
    tagger.save(tmp_path / "model")
    classifier.save(tmp_path / "model")
    assert TaskModel.load(tmp_path / "model").task is XNLI
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


def test_a_crash_while_saving_leaves_the_old_model(
    tagger: TaskModel, classifier: TaskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError("no space left on device")

    tagger.save(tmp_path / "model")
    monkeypatch.setattr(classifier.tokenizer, "save_pretrained", fail)
    with pytest.raises(OSError, match="no space left"):
        classifier.save(tmp_path / "model")
    assert differing(TaskModel.load(tmp_path / "model"), tagger) == set()
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


def test_the_folder_opens_with_transformers_alone(tagger: TaskModel, xner: Corpus, tmp_path: Path) -> None:
    tagger.save(tmp_path)
    network = AutoModelForTokenClassification.from_pretrained(tmp_path).eval()
    assert network.config.id2label == dict(enumerate(XNER.labels))
    sentence = next(iter(xner))
    inputs = AutoTokenizer.from_pretrained(tmp_path)(
        list(sentence.texts[0]), is_split_into_words=True, return_tensors="pt"
    )
    with torch.inference_mode():
        classes = network(**inputs).logits[0].argmax(-1)
    firsts = [inputs.word_ids().index(word) for word in range(len(sentence.texts[0]))]
    assert classes[firsts].tolist() == predict(tagger, xner).classes[0].tolist()


def test_the_folder_holds_no_pickle(tagger: TaskModel, tmp_path: Path) -> None:
    tagger.save(tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*")} == {".json", ".safetensors"}


def test_weights_in_a_pickle_are_refused(encoder_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(encoder_folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.safetensors").unlink()
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        TaskModel.build(tmp_path, XNER, seed=3)


def test_dropout_is_set_when_built_and_may_change_when_loaded(encoder_folder: Path, tmp_path: Path) -> None:
    model = TaskModel.build(encoder_folder, XNER, seed=3, dropout=0.25)
    model.save(tmp_path / "model")
    for dropout, expected in ((None, 0.25), (0.0, 0.0)):
        loaded = TaskModel.load(tmp_path / "model", dropout=dropout).network
        rates = {module.p for module in loaded.modules() if isinstance(module, torch.nn.Dropout)}
        assert rates == {expected}
        assert loaded.config.attention_probs_dropout_prob == expected


@pytest.mark.parametrize("folder", ["encoder_folder", "bert_folder"])
def test_rows_as_long_as_the_encoder_takes_can_be_scored(folder: str, request: pytest.FixtureRequest) -> None:
    model = TaskModel.build(request.getfixturevalue(folder), XNER, seed=3)
    assert model.max_length == 40
    assert model.has_segments is (folder == "bert_folder")
    dots = Corpus.of([Example("dots", "en", ((".",) * 38,))])
    assert encode(dots, XNER, model.encoder, max_length=model.max_length).lengths.tolist() == [40]
    assert torch.isfinite(logits(model, dots)).all()


@pytest.mark.parametrize("content", [None, "no json", "{}", json.dumps({"task": "squad"})])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "task.json").write_text(content)
    with pytest.raises(ValueError, match=r"expected a task model with a task\.json, found none"):
        TaskModel.load(tmp_path)


def test_a_tokenizer_that_cannot_be_read_into_words_is_refused(
    encoder_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        pass

    unread = shutil.copytree(encoder_folder, tmp_path / "unread")
    (unread / "vocab.txt").write_text("what no folder read before has", encoding="utf-8")
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda source, revision: Slow())
    with pytest.raises(ValueError, match="unread: expected a fast tokenizer, was: Slow"):
        TaskModel.build(unread, XNER, seed=3)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_the_head_has_a_score_for_every_class(task: Task, encoder_folder: Path) -> None:
    assert TaskModel.build(encoder_folder, task, seed=3).network.config.num_labels == task.n_classes
