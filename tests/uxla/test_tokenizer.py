"""The tokenizer: the same bytes each time, and the special tokens of XLM-R."""

import json
from pathlib import Path

import huggingface_hub.constants
import pytest

from uxla.examples import Corpus
from uxla.tokenizer import open_tokenizer, train_tokenizer, train_word_pieces


def test_a_tokenizer_trained_twice_is_the_same_to_the_byte(toy_text: Corpus, tmp_path: Path) -> None:
    sentences = [" ".join(example.texts[0]) for example in toy_text]
    for name in "abc":
        train_tokenizer(iter(sentences), vocabulary=400).save_pretrained(tmp_path / name)
    for file in sorted(path.name for path in (tmp_path / "a").iterdir()):
        assert len({(tmp_path / name / file).read_bytes() for name in "abc"}) == 1


def test_a_tokenizer_has_the_special_tokens_of_xlm_r_and_no_more_pieces_than_asked(toy_text: Corpus) -> None:
    tokenizer = train_tokenizer((" ".join(e.texts[0]) for e in toy_text), vocabulary=300)
    assert len(tokenizer) <= 300
    assert tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    assert tokenizer.mask_token_id == len(tokenizer) - 1
    sentence = " ".join(toy_text.select([3]).table["texts"][0].as_py()[0])
    ids = tokenizer(sentence)["input_ids"]
    assert (ids[0], ids[-1]) == (0, 2)
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == sentence


def test_word_pieces_are_cased_the_same_each_time_and_spell_every_word(
    toy_text: Corpus, tmp_path: Path
) -> None:
    sentences = [" ".join(example.texts[0]) for example in toy_text]
    for name in "ab":
        tokenizer = train_word_pieces(sentences, vocabulary=300)
        tokenizer.save_pretrained(tmp_path / name)
    for file in sorted(path.name for path in (tmp_path / "a").iterdir()):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    again = open_tokenizer(tmp_path / "a")
    assert len(again) <= 300
    first, second = again("a", "b")["input_ids"], again("a", "b")["token_type_ids"]
    assert again.convert_ids_to_tokens(first)[0::2] == ["[CLS]", "[SEP]", "[SEP]"]
    assert second == [0, 0, 0, 1, 1]
    for sentence in sentences:
        pieces = again.tokenize(sentence)
        assert "[UNK]" not in pieces
        assert "".join(piece.removeprefix("##") for piece in pieces) == sentence.replace(" ", "")


def test_word_pieces_are_all_pieces_of_the_unigram_tokenizer_and_none_of_its_special_tokens() -> None:
    sentences = ["the cat sat", "the dog ran", "the bird sang"] * 10
    tokenizer = train_word_pieces(sentences, vocabulary=100)
    assert tokenizer.tokenize("the cat") == ["the", "cat"]
    known = train_tokenizer(iter(sentences), vocabulary=100)
    assert not {f"##{name}" for name in known.all_special_tokens} & set(tokenizer.get_vocab())


def test_a_vocabulary_with_less_room_than_characters_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^vocabulary must have more than two pieces for each of 26 characters"
    ):
        train_tokenizer(iter(["the quick brown fox jumps over the lazy dog"] * 5), vocabulary=30)


def test_how_a_tokenizer_was_opened_is_not_saved_with_it(
    encoder_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for offline in (False, True):
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
        open_tokenizer(encoder_folder).save_pretrained(tmp_path / str(offline))
    for file in (tmp_path / "True").iterdir():
        assert file.read_bytes() == (tmp_path / "False" / file.name).read_bytes(), file.name


def test_equal_files_are_one_tokenizer_and_changed_ones_another(encoder_folder: Path, tmp_path: Path) -> None:
    for name in "ab":
        open_tokenizer(encoder_folder).save_pretrained(tmp_path / name)
        for beside in ("model.safetensors", "outcome.json"):
            (tmp_path / name / beside).write_text(name, encoding="utf-8")
    first = open_tokenizer(tmp_path / "a")
    assert open_tokenizer(tmp_path / "b") is first
    path = tmp_path / "b/tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": 7}), encoding="utf-8")
    assert open_tokenizer(tmp_path / "b").model_max_length == 7
    assert open_tokenizer(tmp_path / "a") is first
