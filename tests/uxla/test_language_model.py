"""What a masked LM's pieces spell, and that scoring chosen positions equals scoring all."""

from pathlib import Path

import pytest
import torch
from transformers import XLMRobertaTokenizer

from uxla.devices import place
from uxla.language_model import MaskedLanguageModel
from uxla.pretraining import Shape, new_language_model


def piece(language_model: MaskedLanguageModel, name: str) -> int:
    return int(language_model.tokenizer.convert_tokens_to_ids(name))


@pytest.mark.parametrize(
    ("name", "word", "continuation", "begins"),
    [
        ("▁sun", "sun", "", True),
        ("s", "", "s", False),
        ("東", "", "東", False),
        ("▁東", "東", "", True),
        ("▁", "", "", True),
        ("▁new▁town", "", "", True),
        ("<unk>", "", "", False),
        ("<mask>", "", "", False),
        ("</s>", "", "", False),
    ],
)
def test_a_sentencepiece_spells_a_word_or_a_part_of_one_or_nothing(
    spelt: MaskedLanguageModel, name: str, word: str, continuation: str, begins: bool
) -> None:
    index = piece(spelt, name)
    assert (spelt.words[index], spelt.continuations[index], spelt.begins[index]) == (
        word,
        continuation,
        begins,
    )


def test_a_wordpiece_continues_a_word_by_its_two_hashes(bert_folder: Path) -> None:
    bert = MaskedLanguageModel.load(bert_folder)
    names = bert.tokenizer.convert_ids_to_tokens(list(range(len(bert.tokenizer))))
    for index, name in enumerate(names):
        if name.startswith("["):
            assert bert.words[index] == bert.continuations[index] == ""
        elif name.startswith("##"):
            assert (bert.words[index], bert.continuations[index]) == ("", name[2:])
            assert not bert.begins[index]
        else:
            assert (bert.words[index], bert.continuations[index]) == (name, "")
            assert bert.begins[index]


def test_ids_beyond_the_tokenizer_spell_nothing(spelt: MaskedLanguageModel) -> None:
    network = spelt.network.__class__(spelt.network.config.__class__(**spelt.network.config.to_dict()))
    network.resize_token_embeddings(30)
    wide = MaskedLanguageModel(network, spelt.tokenizer)
    assert len(wide.words) == len(wide.continuations) == len(wide.begins) == 30
    assert wide.words[26:] == wide.continuations[26:] == [""] * 4


def test_ordinary_pieces_are_all_but_the_special_ones(spelt: MaskedLanguageModel) -> None:
    assert spelt.ordinary.tolist() == list(range(4, 25))
    assert spelt.mask == 25


def two_rows(model: MaskedLanguageModel) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of a row with a mask and of a shorter one, and where they are attended."""
    row, _ = model.encoder.frame([[10, 11, model.mask, 12]])
    ids = torch.tensor([row, row[:-2] + [model.encoder.padding] * 2])
    return ids, (ids != model.encoder.padding).long()


def test_chosen_positions_get_the_scores_the_whole_network_gives_them(
    language_model: MaskedLanguageModel, bert_folder: Path
) -> None:
    for model in (language_model, MaskedLanguageModel.load(bert_folder)):
        model.network.eval()
        ids, attended = two_rows(model)
        where = (torch.tensor([0, 1, 0]), torch.tensor([3, 2, 1]))
        with torch.inference_mode():
            expected = model.network(input_ids=ids, attention_mask=attended).logits[where]
            scores = model.scores(ids, attended, where)
        assert scores.shape == (3, len(model.words))
        torch.testing.assert_close(scores, expected)


def test_one_position_of_every_row_is_seen_as_the_whole_network_sees_it(
    language_model: MaskedLanguageModel, bert_folder: Path
) -> None:
    for model in (language_model, MaskedLanguageModel.load(bert_folder)):
        model.network.eval()
        (ids, attended), position = two_rows(model), torch.tensor([3, 2])
        with torch.inference_mode():
            encoder = model.network.base_model
            expected = encoder(input_ids=ids, attention_mask=attended).last_hidden_state
            found = model.hidden(ids, attended, position)
            torch.testing.assert_close(found, expected[[0, 1], position])
            # The shapes of a GPU, with its kind of attention.
            model.network.set_attn_implementation("sdpa")
            torch.testing.assert_close(model.hidden(ids, attended.bool()[:, None, None], position), found)
            torch.testing.assert_close(model.hidden(ids[:1], None, position[:1]), found[:1])
            place(model.network, model.device)


def test_the_longest_row_is_what_the_network_takes(
    language_model: MaskedLanguageModel, bert_folder: Path
) -> None:
    for model in (language_model, MaskedLanguageModel.load(bert_folder)):
        assert model.max_length == 40
        ids = torch.full((1, 40), 10)
        where = (torch.tensor([0]), torch.tensor([39]))
        with torch.inference_mode():
            model.scores(ids, torch.ones_like(ids), where)
        with torch.inference_mode(), pytest.raises((IndexError, RuntimeError)):
            model.network(input_ids=torch.full((1, 41), 10))


def test_a_saved_model_is_the_same_when_loaded(spelt: MaskedLanguageModel, tmp_path: Path) -> None:
    spelt.save(tmp_path / "model")
    loaded = MaskedLanguageModel.load(tmp_path / "model")
    weights = loaded.network.state_dict()
    assert all(torch.equal(weight, weights[name]) for name, weight in spelt.network.state_dict().items())
    assert (loaded.words, loaded.continuations, loaded.begins) == (
        spelt.words,
        spelt.continuations,
        spelt.begins,
    )
    assert loaded.encoder.pieces("suns") == spelt.encoder.pieces("suns")


def test_weights_that_are_no_safetensors_are_refused(spelt: MaskedLanguageModel, tmp_path: Path) -> None:
    spelt.save(tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    torch.save(spelt.network.state_dict(), tmp_path / "model" / "pytorch_model.bin")
    with pytest.raises(OSError, match=r"model\.safetensors"):
        MaskedLanguageModel.load(tmp_path / "model")


def test_weights_depend_on_the_seed_alone(spelt: MaskedLanguageModel) -> None:
    assert isinstance(spelt.tokenizer, XLMRobertaTokenizer)
    shape = Shape(vocabulary=26, layers=1, width=8, heads=1, feed_forward=8, max_length=24, dropout=0.0)
    torch.manual_seed(99)
    again = new_language_model(spelt.tokenizer, shape, seed=1).network.state_dict()
    other = new_language_model(spelt.tokenizer, shape, seed=2).network.state_dict()
    weights = spelt.network.state_dict()
    assert all(torch.equal(weight, again[name]) for name, weight in weights.items())
    assert not all(torch.equal(weight, other[name]) for name, weight in weights.items())
