"""What copies have in common, and how a long text is cut around its mask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxla.crew import Copy, Crew
from uxla.language_model import MaskedLanguageModel
from uxla.units import Units


def masked_row(model: MaskedLanguageModel, text: str, position: int) -> tuple[list[str], int]:
    """The pieces that the model sees, those of the frame left out, and where the mask is among them."""
    units = Units(model, of_words=True)
    crew = Crew.of([Copy(units.split(tuple(text.split())), [position])])
    ids, starts, where = crew.masked(units, model)
    assert starts.tolist() == [0, len(ids)]
    assert model.tokenizer.convert_ids_to_tokens(ids[[0, -1]].tolist()) == ["<s>", "</s>"]
    return model.tokenizer.convert_ids_to_tokens(ids[1:-1].tolist()), int(where[0]) - 1


@given(st.integers(1, 60), st.data())
@settings(deadline=None, max_examples=200)
def test_a_long_text_is_cut_around_the_mask(
    spelt: MaskedLanguageModel, n_words: int, data: st.DataObject
) -> None:
    names = ["the", "old", "sun", "sees", "my", "moon"]
    text = [names[(i * i) % 6] for i in range(n_words)]
    position = data.draw(st.integers(0, n_words - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MaskedLanguageModel, "max_length", 24)
        inside, mask = masked_row(spelt, " ".join(text), position)
    assert len(inside) == min(n_words, 22)
    first = position - mask
    window = [f"▁{word}" for word in text[first : first + len(inside)]]
    window[mask] = "<mask>"
    assert inside == window


def test_a_cut_text_keeps_about_as_much_on_either_side_of_the_mask(
    spelt: MaskedLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MaskedLanguageModel, "max_length", 24)
    text = " ".join(["the"] * 40)
    # 21 of 39 neighbours fit beside the mask.
    assert [masked_row(spelt, text, p)[1] for p in (0, 5, 20, 35, 39)] == [0, 5, 10, 17, 21]


def test_copies_of_one_text_are_alike_as_long_as_they_fill_the_same(spelt: MaskedLanguageModel) -> None:
    units = Units(spelt, of_words=True)
    first, second = (units.split(("the", "old", "sun")) for _ in range(2))
    crew = Crew.of([Copy(first, [0, 1]), Copy(first, [0, 2]), Copy(first, [1, 0]), Copy(second, [0, 1])])
    one_of, like = crew.distinct
    assert (one_of.tolist(), like.tolist()) == ([0, 2, 3], [0, 0, 1, 2])
    piece = int(spelt.tokenizer.convert_tokens_to_ids("▁moon"))
    crew = crew.filled(np.full(4, piece), units)
    # The first two have parted, and whoever joins has something in common with none.
    assert crew.distinct[1].tolist() == [0, 1, 2, 3]
    crew = crew.joined_by(Crew.of([Copy(first, [0]), Copy(first, [0])]))
    assert crew.distinct[1].tolist() == [0, 1, 2, 3, 4, 4]
