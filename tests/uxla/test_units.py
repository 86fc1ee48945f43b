"""Units of texts: what they are split into, what they are made of, and what a piece makes of them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from uxla.language_model import MaskedLanguageModel
from uxla.units import Units, joined

Scripts = Callable[[Callable[[Sequence[str], int], Sequence[str]]], MaskedLanguageModel]


@pytest.fixture
def model(scripted: Scripts) -> MaskedLanguageModel:
    return scripted(lambda _pieces, _mask: ["▁moon"])


def pieces(units: Units, model: MaskedLanguageModel, *numbers: int) -> list[str]:
    ids, _ = units.pieces(np.array(numbers))
    return list(model.tokenizer.convert_ids_to_tokens(ids.tolist()))


def made(units: Units, model: MaskedLanguageModel, piece: str, *, begins: bool, is_first: bool) -> str | None:
    """What a piece makes, None where it makes nothing."""
    ids = np.array([model.tokenizer.convert_tokens_to_ids(piece)])
    found = units.filled(ids, np.array([begins]), np.array([is_first]))
    return None if found[0] < 0 else units.spelt(found)[0]


def test_a_word_is_one_unit_with_all_of_its_pieces(model: MaskedLanguageModel) -> None:
    units = Units(model, of_words=True)
    text = units.split(("the", "towns", "the"))
    assert units.spelt(text.units) == ["the", "towns", "the"]
    assert text.units[0] == text.units[2] != text.units[1]
    assert pieces(units, model, *text.units) == ["▁the", "▁town", "s", "▁the"]
    assert units.pieces(text.units)[1].tolist() == [1, 2, 1]
    assert text.begins.all() and text.opens.all()


def test_a_subword_is_a_unit_spelt_as_in_its_word(model: MaskedLanguageModel) -> None:
    units = Units(model, of_words=False)
    text = units.split(("the", "towns", "☃"))
    assert units.spelt(text.units) == ["the", "town", "s", "", "☃"]
    assert pieces(units, model, *text.units) == ["▁the", "▁town", "s", "▁", "<unk>"]
    assert text.opens.tolist() == [True, True, False, True, False]
    assert joined(units.spelt(text.units), text.opens) == ("the", "towns", "☃")


def test_the_first_unit_is_the_mask(model: MaskedLanguageModel) -> None:
    units = Units(model, of_words=True)
    assert pieces(units, model, units.mask) == ["<mask>"]


def test_units_that_come_later_do_not_renumber_the_earlier(model: MaskedLanguageModel) -> None:
    units = Units(model, of_words=True)
    before = units.split(("the", "towns"))
    assert pieces(units, model, *before.units) == ["▁the", "▁town", "s"]
    later = units.split(("moon", "towns"))
    assert later.units[1] == before.units[1]
    assert pieces(units, model, *before.units, *later.units) == [
        "▁the", "▁town", "s", "▁moon", "▁town", "s",
    ]  # fmt: skip


def test_a_text_of_no_words_has_no_units(model: MaskedLanguageModel) -> None:
    for of_words in (True, False):
        text = Units(model, of_words=of_words).split(())
        assert len(text.units) == len(text.begins) == len(text.opens) == 0


@pytest.mark.parametrize("of_words", [True, False])
@pytest.mark.parametrize(
    ("piece", "begins", "is_first", "expected"),
    [
        ("▁moon", True, False, "moon"),
        ("▁moon", False, False, None),
        ("s", True, False, None),
        ("s", True, True, "s"),
        ("s", False, False, "s"),
        ("▁new▁town", True, True, None),
        ("<unk>", True, True, None),
    ],
)
def test_a_piece_makes_a_unit_where_it_is_of_the_kind(
    model: MaskedLanguageModel, of_words: bool, piece: str, begins: bool, is_first: bool, expected: str | None
) -> None:
    units = Units(model, of_words=of_words)
    # The second time it is known.
    assert [made(units, model, piece, begins=begins, is_first=is_first) for _ in range(2)] == [expected] * 2


def test_a_piece_that_fills_a_word_is_split_like_any_other(model: MaskedLanguageModel) -> None:
    units = Units(model, of_words=True)
    filled = units.filled(
        np.array([model.tokenizer.convert_tokens_to_ids("▁suns")]), np.array([True]), np.array([False])
    )
    assert units.spelt(filled) == ["suns"]
    assert pieces(units, model, *filled) == ["▁sun", "s"]
