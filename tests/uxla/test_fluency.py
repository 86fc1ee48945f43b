"""Fluency equals masking the subwords of a text one at a time, or every few of them at once."""

import pytest
import torch

from uxla.examples import Corpus, Words
from uxla.fluency import fluency
from uxla.language_model import MaskedLanguageModel


@pytest.fixture
def sentences(toy_text: Corpus) -> list[Words]:
    return [example.texts[0][:6] for example in toy_text.select(range(0, 200, 10))]


def by_hand(language_model: MaskedLanguageModel, text: Words, masked_together: list[list[int]]) -> float:
    """Mean log-probability of all subwords, those of one list hidden at the same time."""
    pieces = [piece for word in text for piece in language_model.encoder.pieces(word)]
    tokenizer = language_model.tokenizer
    row = [tokenizer.bos_token_id, *pieces, tokenizer.eos_token_id]
    total = 0.0
    for positions in masked_together:
        hidden = torch.tensor([row])
        for position in positions:
            hidden[0, position + 1] = tokenizer.mask_token_id
        with torch.inference_mode():
            scores = torch.log_softmax(language_model.network(input_ids=hidden).logits[0], dim=-1)
        total += sum(float(scores[position + 1, pieces[position]]) for position in positions)
    return total / len(pieces)


def n_pieces(language_model: MaskedLanguageModel, text: Words) -> int:
    return sum(len(language_model.encoder.pieces(word)) for word in text)


def test_a_wide_stride_hides_one_subword_at_a_time(
    language_model: MaskedLanguageModel, sentences: list[Words]
) -> None:
    expected = [
        by_hand(language_model, text, [[i] for i in range(n_pieces(language_model, text))])
        for text in sentences
    ]
    assert fluency(language_model, sentences, stride=40) == pytest.approx(expected, abs=1e-5)


def test_a_narrow_stride_hides_every_few_subwords_together(
    language_model: MaskedLanguageModel, sentences: list[Words]
) -> None:
    expected = []
    for text in sentences:
        length = n_pieces(language_model, text)
        groups = [list(range(shift, length, 3)) for shift in range(min(3, length))]
        expected.append(by_hand(language_model, text, groups))
    assert fluency(language_model, sentences, stride=3) == pytest.approx(expected, abs=1e-5)


def test_batch_size_and_order_do_not_matter(
    language_model: MaskedLanguageModel, sentences: list[Words]
) -> None:
    whole = fluency(language_model, sentences)
    assert fluency(language_model, sentences, token_budget=1) == pytest.approx(whole, abs=1e-5)
    assert fluency(language_model, sentences[::-1])[::-1] == pytest.approx(whole, abs=1e-5)


def test_a_text_costs_no_more_passes_than_the_stride(
    language_model: MaskedLanguageModel, sentences: list[Words]
) -> None:
    passes: list[int] = []
    hook = language_model.network.base_model.register_forward_hook(lambda *_: passes.append(1))
    fluency(language_model, sentences, stride=4, token_budget=10**6)
    hook.remove()
    assert len(passes) == 4


def test_a_long_text_is_judged_by_its_beginning(
    language_model: MaskedLanguageModel, sentences: list[Words]
) -> None:
    long = tuple(word for text in sentences for word in text)
    single = next(word for word in long if n_pieces(language_model, (word,)) == 1)
    full = (single,) * (language_model.max_length - 2)
    assert fluency(language_model, [full + long]) == pytest.approx(fluency(language_model, [full]), abs=1e-6)


def test_a_text_without_subwords_is_judged_by_zero(
    language_model: MaskedLanguageModel, sentences: list[Words]
) -> None:
    assert fluency(language_model, [(), sentences[0]])[0] == 0
    assert fluency(language_model, [(), sentences[0]])[1] == pytest.approx(
        fluency(language_model, sentences[:1])[0], abs=1e-6
    )
    assert fluency(language_model, [()]).tolist() == [0]
    assert fluency(language_model, []).shape == (0,)


def test_what_the_model_expects_is_more_fluent(language_model: MaskedLanguageModel) -> None:
    words = [word for word in language_model.words if word and n_pieces(language_model, (word,)) == 1]
    liked, unliked = words[:2]
    with torch.no_grad():
        language_model.network.lm_head.bias[language_model.encoder.pieces(liked)[0]] = 5.0
    good, bad = fluency(language_model, [(liked,) * 4, (unliked,) * 4])
    assert good > bad
