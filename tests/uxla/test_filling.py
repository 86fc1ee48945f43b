"""What the language model sees when a mask is filled, and what a fill does to the text."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxla.examples import Corpus
from uxla.filling import Copy, fill_copies, subword_units, word_units
from uxla.language_model import MaskedLanguageModel

Scripts = Callable[[Callable[[Sequence[str], int], Sequence[str]]], MaskedLanguageModel]


def left(pieces: Sequence[str], mask: int) -> list[str]:
    """Fills with the piece to the left of the mask, and `moon` where there is none."""
    return [pieces[mask - 1] if mask > 1 else "▁moon"]


def always(*fills: str) -> Callable[[Sequence[str], int], Sequence[str]]:
    return lambda _pieces, _mask: fills


def word_copy(text: str, positions: list[int], language_model: MaskedLanguageModel) -> Copy:
    return Copy(word_units(tuple(text.split()), language_model), positions, of_words=True)


def subword_copy(text: str, positions: list[int], language_model: MaskedLanguageModel) -> Copy:
    return Copy(subword_units(tuple(text.split()), language_model), positions, of_words=False)


def fill(copies: list[Copy], language_model: MaskedLanguageModel, *, any_piece: bool = False) -> int:
    return sum(fill_copies(copies, language_model, any_piece=any_piece, token_budget=8192))


def test_a_fill_sees_the_earlier_replacements(scripted: Scripts) -> None:
    model = scripted(left)
    copy = word_copy("the old sun sees", [1, 2], model)
    assert fill([copy], model) == 2
    assert model.seen == ["▁the <mask> ▁sun ▁sees", "▁the ▁the <mask> ▁sees"]
    assert copy.words == ("the", "the", "the", "sees")


def test_masks_are_filled_in_the_order_they_were_drawn(scripted: Scripts) -> None:
    model = scripted(left)
    copy = word_copy("the old sun sees", [2, 1], model)
    fill([copy], model)
    assert model.seen == ["▁the ▁old <mask> ▁sees", "▁the <mask> ▁old ▁sees"]
    assert copy.words == ("the", "the", "old", "sees")


def test_a_word_of_several_subwords_is_one_mask(scripted: Scripts) -> None:
    model = scripted(always("▁moon"))
    copy = word_copy("the towns sees", [1], model)
    fill([copy], model)
    assert model.seen == ["▁the <mask> ▁sees"]
    assert copy.words == ("the", "moon", "sees")


def test_a_filled_word_is_split_like_any_other(scripted: Scripts) -> None:
    model = scripted(lambda _pieces, mask: ["▁suns"] if mask == 1 else ["▁moon"])
    copy = word_copy("the old", [0, 1], model)
    fill([copy], model)
    assert model.seen == ["<mask> ▁old", "▁sun s <mask>"]
    assert copy.words == ("suns", "moon")


def test_copies_advance_together_one_pass_a_step(scripted: Scripts) -> None:
    model = scripted(left)
    copies = [word_copy("the old sun sees", positions, model) for positions in ([1], [1, 2, 3], [], [3, 2])]
    assert fill(copies, model) == 6
    assert model.n_passes == 3
    assert [copy.words[1:] for copy in copies] == [
        ("the", "sun", "sees"),
        ("the", "the", "the"),
        ("old", "sun", "sees"),
        ("old", "old", "sun"),
    ]


def test_nothing_to_fill_is_no_pass(scripted: Scripts) -> None:
    model = scripted(left)
    assert fill([], model) == fill([word_copy("the old", [], model)], model) == 0
    assert model.n_passes == 0


def test_a_piece_that_continues_a_word_drops_the_copy_at_once(scripted: Scripts) -> None:
    model = scripted(always("s", "▁moon"))
    copies = [word_copy("the old sun", [1, 2], model), word_copy("the old sun", [0], model)]
    assert fill(copies, model, any_piece=True) == 2
    assert [copy.is_dropped for copy in copies] == [True, False]


def test_at_the_beginning_a_continuing_piece_is_a_word(scripted: Scripts) -> None:
    model = scripted(always("s"))
    copy = word_copy("the old", [0], model)
    fill([copy], model, any_piece=True)
    assert copy.words == ("s", "old")


@pytest.mark.parametrize("piece", ["</s>", "<mask>", "<unk>", "▁", "▁new▁town"])
def test_a_piece_that_is_no_single_word_drops_the_copy_wherever_it_stands(
    scripted: Scripts, piece: str
) -> None:
    model = scripted(always(piece, "▁moon"))
    copies = [word_copy("the old sun", [position], model) for position in range(3)]
    fill(copies, model, any_piece=True)
    assert all(copy.is_dropped for copy in copies)


def test_unless_any_piece_may_the_best_that_begins_a_word_is_taken(scripted: Scripts) -> None:
    model = scripted(always("s", "</s>", "▁", "▁new▁town", "▁moon", "▁sun"))
    copies = [word_copy("the old sun", [position], model) for position in range(3)]
    fill(copies, model)
    assert [copy.words[position] for position, copy in enumerate(copies)] == ["moon"] * 3
    assert not any(copy.is_dropped for copy in copies)


def test_subwords_are_filled_by_pieces_of_their_kind(scripted: Scripts) -> None:
    model = scripted(always("学", "▁大", "京"))
    copies = [subword_copy("東京大学 the", [position], model) for position in range(5)]
    fill(copies, model)
    assert [copy.words for copy in copies] == [
        ("大京大学", "the"),
        ("東学大学", "the"),
        ("東京学学", "the"),
        ("東京大学", "the"),
        ("東京大学", "大"),
    ]


def test_a_subword_of_the_other_kind_drops_the_copy(scripted: Scripts) -> None:
    model = scripted(always("▁大"))
    copies = [subword_copy("東京 the", [position], model) for position in range(3)]
    fill(copies, model, any_piece=True)
    assert [copy.is_dropped for copy in copies] == [False, True, False]
    assert copies[0].words == ("大京", "the")


def test_characters_the_model_does_not_know_are_kept(scripted: Scripts) -> None:
    model = scripted(always("学", "▁大"))
    copy = subword_copy("東☃京 ½", [2], model)
    fill([copy], model)
    assert model.seen == ["▁東 <unk> <mask> ▁ <unk>"]
    assert copy.words == ("東☃学", "½")


def test_a_lone_mark_of_a_word_begins_it(scripted: Scripts) -> None:
    model = scripted(always("学", "▁大"))
    copy = subword_copy("the 京", [1], model)
    assert [unit.spelling for unit in copy.units] == ["the", "", "京"]
    fill([copy], model)
    assert copy.words == ("the", "大京")


@given(st.integers(1, 60), st.data())
@settings(deadline=None, max_examples=200)
def test_a_long_text_is_cut_around_the_mask(
    spelt: MaskedLanguageModel, n_words: int, data: st.DataObject
) -> None:
    names = ["the", "old", "sun", "sees", "my", "moon"]
    text = [names[(i * i) % 6] for i in range(n_words)]
    position = data.draw(st.integers(0, n_words - 1))
    row, where = word_copy(" ".join(text), [position], spelt).masked(spelt, longest=24)
    assert row[where] == spelt.mask
    assert len(row) == min(n_words + 2, 24)
    inside = spelt.tokenizer.convert_ids_to_tokens(row[1:-1])
    first = position - (where - 1)
    window = [f"▁{word}" for word in text[first : first + len(inside)]]
    window[where - 1] = "<mask>"
    assert inside == window


def test_a_cut_text_keeps_about_as_much_on_either_side_of_the_mask(spelt: MaskedLanguageModel) -> None:
    text = " ".join(["the"] * 40)
    # 21 of 39 neighbours fit beside the mask.
    rows = [word_copy(text, [p], spelt).masked(spelt, longest=24) for p in (0, 5, 20, 35, 39)]
    assert [where - 1 for _, where in rows] == [0, 5, 10, 17, 21]


@pytest.mark.parametrize("any_piece", [False, True])
def test_batch_size_does_not_change_a_fill(
    language_model: MaskedLanguageModel, toy_text: Corpus, any_piece: bool
) -> None:
    texts = [example.texts[0] for example in toy_text][:40]
    outcomes = []
    for token_budget in (1, 64, 10**6):
        copies = [Copy(word_units(t, language_model), [0, len(t) // 2], of_words=True) for t in texts]
        list(fill_copies(copies, language_model, any_piece=any_piece, token_budget=token_budget))
        outcomes.append([None if copy.is_dropped else copy.words for copy in copies])
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_filling_leaves_the_weights_and_their_gradients_alone(
    language_model: MaskedLanguageModel, toy_text: Corpus
) -> None:
    language_model.network.train()
    before = {name: weight.clone() for name, weight in language_model.network.state_dict().items()}
    copies = [Copy(word_units(e.texts[0], language_model), [0], of_words=True) for e in toy_text]
    fill(copies, language_model)
    assert all((before[n] == w).all() for n, w in language_model.network.state_dict().items())
    assert all(weight.grad is None for weight in language_model.network.parameters())
