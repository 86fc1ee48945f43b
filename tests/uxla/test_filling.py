"""What the language model sees when a mask is filled, and what a fill does to the text."""

from collections.abc import Callable, Sequence

import pytest

from uxla.crew import Copy
from uxla.examples import Corpus
from uxla.filling import fill_copies
from uxla.language_model import MaskedLanguageModel
from uxla.units import Units, joined

Scripts = Callable[[Callable[[Sequence[str], int], Sequence[str]]], MaskedLanguageModel]


def left(pieces: Sequence[str], mask: int) -> list[str]:
    """Fills with the piece to the left of the mask, and `moon` where there is none."""
    return [pieces[mask - 1] if mask > 1 else "▁moon"]


def always(*fills: str) -> Callable[[Sequence[str], int], Sequence[str]]:
    return lambda _pieces, _mask: fills


class Filling:
    """Copies of texts, filled together."""

    def __init__(
        self, model: MaskedLanguageModel, *drawn: tuple[str, list[int]], of_words: bool = True
    ) -> None:
        self.model, self.units = model, Units(model, of_words=of_words)
        self.copies = [Copy(self.units.split(tuple(text.split())), positions) for text, positions in drawn]

    def run(self, *, any_piece: bool = False, token_budget: int = 8192) -> int:
        return sum(
            fill_copies(self.copies, self.model, self.units, any_piece=any_piece, token_budget=token_budget)
        )

    @property
    def words(self) -> list[tuple[str, ...] | None]:
        """Those of every copy, None where it was dropped."""
        return [
            None if copy.is_dropped else joined(self.units.spelt(copy.units), copy.text.opens)
            for copy in self.copies
        ]


def test_a_fill_sees_the_earlier_replacements(scripted: Scripts) -> None:
    model = scripted(left)
    filling = Filling(model, ("the old sun sees", [1, 2]))
    assert filling.run() == 2
    assert model.seen == ["▁the <mask> ▁sun ▁sees", "▁the ▁the <mask> ▁sees"]
    assert filling.words == [("the", "the", "the", "sees")]


def test_masks_are_filled_in_the_order_they_were_drawn(scripted: Scripts) -> None:
    model = scripted(left)
    filling = Filling(model, ("the old sun sees", [2, 1]))
    filling.run()
    assert model.seen == ["▁the ▁old <mask> ▁sees", "▁the <mask> ▁old ▁sees"]
    assert filling.words == [("the", "the", "old", "sees")]


def test_a_word_of_several_subwords_is_one_mask(scripted: Scripts) -> None:
    model = scripted(always("▁moon"))
    filling = Filling(model, ("the towns sees", [1]))
    filling.run()
    assert model.seen == ["▁the <mask> ▁sees"]
    assert filling.words == [("the", "moon", "sees")]


def test_a_filled_word_is_split_like_any_other(scripted: Scripts) -> None:
    model = scripted(lambda _pieces, mask: ["▁suns"] if mask == 1 else ["▁moon"])
    filling = Filling(model, ("the old", [0, 1]))
    filling.run()
    assert model.seen == ["<mask> ▁old", "▁sun s <mask>"]
    assert filling.words == [("suns", "moon")]


def test_copies_advance_together_one_pass_a_step(scripted: Scripts) -> None:
    model = scripted(left)
    filling = Filling(model, *(("the old sun sees", positions) for positions in ([1], [1, 2, 3], [], [3, 2])))
    assert filling.run() == 6
    assert model.n_passes == 3
    assert filling.words == [
        ("the", "the", "sun", "sees"),
        ("the", "the", "the", "the"),
        ("the", "old", "sun", "sees"),
        ("the", "old", "old", "sun"),
    ]


def test_one_that_is_done_makes_room_for_the_next(scripted: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uxla.filling.AT_ONCE", 2)
    filling = Filling(scripted(left), *(("the old sun sees", list(range(1, 1 + n))) for n in (1, 3, 2, 1)))
    coming = fill_copies(filling.copies, filling.model, filling.units, any_piece=False, token_budget=8192)
    assert [(n, [copy.is_done for copy in filling.copies]) for n in coming] == [
        (2, [True, False, False, False]),
        (2, [True, False, False, False]),
        (2, [True, True, True, False]),
        (1, [True, True, True, True]),
    ]
    assert filling.words[1] == ("the",) * 4


def test_copies_of_a_text_that_are_alike_so_far_are_predicted_once(scripted: Scripts) -> None:
    model = scripted(left)
    filling = Filling(model, ("the old sun sees", []))
    text = filling.copies[0].text
    filling.copies = [Copy(text, positions) for positions in ([1, 2], [1, 2, 3], [2, 1], [1, 3])]
    # Another text of the same words is predicted on its own.
    filling.copies.append(Copy(filling.units.split(("the", "old", "sun", "sees")), [1, 2]))
    assert filling.run() == 11
    assert sorted(model.seen[:3]) == ["▁the <mask> ▁sun ▁sees"] * 2 + ["▁the ▁old <mask> ▁sees"]
    assert len(model.seen) == 3 + 4 + 1
    assert filling.words == [
        ("the", "the", "the", "sees"),
        ("the", "the", "the", "the"),
        ("the", "the", "old", "sees"),
        ("the", "the", "sun", "sun"),
        ("the", "the", "the", "sees"),
    ]


def test_nothing_to_fill_is_no_pass(scripted: Scripts) -> None:
    model = scripted(left)
    assert Filling(model).run() == Filling(model, ("the old", [])).run() == 0
    assert model.n_passes == 0


def test_a_piece_that_continues_a_word_drops_the_copy_at_once(scripted: Scripts) -> None:
    filling = Filling(scripted(always("s", "▁moon")), ("the old sun", [1, 2]), ("the old sun", [0]))
    assert filling.run(any_piece=True) == 2
    assert [copy.is_dropped for copy in filling.copies] == [True, False]


def test_at_the_beginning_a_continuing_piece_is_a_word(scripted: Scripts) -> None:
    filling = Filling(scripted(always("s")), ("the old", [0]))
    filling.run(any_piece=True)
    assert filling.words == [("s", "old")]


@pytest.mark.parametrize("piece", ["</s>", "<mask>", "<unk>", "▁", "▁new▁town"])
def test_a_piece_that_is_no_single_word_drops_the_copy_wherever_it_stands(
    scripted: Scripts, piece: str
) -> None:
    filling = Filling(
        scripted(always(piece, "▁moon")), *(("the old sun", [position]) for position in range(3))
    )
    filling.run(any_piece=True)
    assert filling.words == [None] * 3


def test_unless_any_piece_may_the_best_that_begins_a_word_is_taken(scripted: Scripts) -> None:
    model = scripted(always("s", "</s>", "▁", "▁new▁town", "▁moon", "▁sun"))
    filling = Filling(model, *(("the old sun", [position]) for position in range(3)))
    filling.run()
    assert filling.words == [("moon", "old", "sun"), ("the", "moon", "sun"), ("the", "old", "moon")]


def test_subwords_are_filled_by_pieces_of_their_kind(scripted: Scripts) -> None:
    model = scripted(always("学", "▁大", "京"))
    filling = Filling(model, *(("東京大学 the", [position]) for position in range(5)), of_words=False)
    filling.run()
    assert filling.words == [
        ("大京大学", "the"),
        ("東学大学", "the"),
        ("東京学学", "the"),
        ("東京大学", "the"),
        ("東京大学", "大"),
    ]


def test_a_subword_of_the_other_kind_drops_the_copy(scripted: Scripts) -> None:
    filling = Filling(
        scripted(always("▁大")), *(("東京 the", [position]) for position in range(3)), of_words=False
    )
    filling.run(any_piece=True)
    assert filling.words == [("大京", "the"), None, ("東京", "大")]


def test_characters_the_model_does_not_know_are_kept(scripted: Scripts) -> None:
    model = scripted(always("学", "▁大"))
    filling = Filling(model, ("東☃京 ½", [2]), of_words=False)
    filling.run()
    assert model.seen == ["▁東 <unk> <mask> ▁ <unk>"]
    assert filling.words == [("東☃学", "½")]


def test_a_lone_mark_of_a_word_begins_it(scripted: Scripts) -> None:
    filling = Filling(scripted(always("学", "▁大")), ("the 京", [1]), of_words=False)
    assert filling.units.spelt(filling.copies[0].units) == ["the", "", "京"]
    filling.run()
    assert filling.words == [("the", "大京")]


@pytest.mark.parametrize("any_piece", [False, True])
def test_batch_size_does_not_change_a_fill(
    language_model: MaskedLanguageModel, toy_text: Corpus, any_piece: bool
) -> None:
    texts = [example.texts[0] for example in toy_text][:40]
    outcomes = []
    for token_budget in (1, 64, 10**6):
        filling = Filling(language_model, *((" ".join(t), [0, len(t) // 2]) for t in texts))
        filling.run(any_piece=any_piece, token_budget=token_budget)
        outcomes.append(filling.words)
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_filling_leaves_the_weights_and_their_gradients_alone(
    language_model: MaskedLanguageModel, toy_text: Corpus
) -> None:
    language_model.network.train()
    before = {name: weight.clone() for name, weight in language_model.network.state_dict().items()}
    Filling(language_model, *((" ".join(e.texts[0]), [0]) for e in toy_text)).run()
    assert all((before[n] == w).all() for n, w in language_model.network.state_dict().items())
    assert all(weight.grad is None for weight in language_model.network.parameters())
