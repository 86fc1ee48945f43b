"""Rows end to end say what padded ones say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.speed.useful import Tokens, counted
from uxla import flat
from uxla.batches import attention, padded_rows
from uxla.devices import Precision
from uxla.devices import default_token_budget as padded_budget
from uxla.drawing import Schedule
from uxla.examples import Corpus
from uxla.language_model import MaskedLanguageModel
from uxla.vicinity import Fills, Unit, Vicinity, generate

ON_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: no kernels for it")
LENGTHS = np.array([7, 3, 40, 12, 70, 9, 64, 65, 1])


@given(st.lists(st.integers(1, 60), min_size=1), st.integers(1, 200))
def test_batches_take_every_row_once_longest_first_and_are_full(lengths: list[int], budget: int) -> None:
    of_row = np.array(lengths)
    found = list(flat.batches(of_row, token_budget=budget))
    order = np.concatenate(found)
    assert sorted(order) == list(range(len(lengths)))
    assert (np.diff(of_row[order]) <= 0).all()
    for chosen, after in zip(found, [*found[1:], np.empty(0, np.int64)], strict=True):
        assert of_row[chosen].sum() <= budget or len(chosen) == 1
        assert not len(after) or of_row[chosen].sum() + of_row[after[0]] > budget


def test_a_cpu_takes_padded_rows(language_model: MaskedLanguageModel) -> None:
    assert not flat.takes(language_model)
    assert flat.default_token_budget(language_model) == padded_budget(torch.device("cpu"))


def test_an_aligned_output_layer_gives_the_same_scores() -> None:
    layer, inputs = torch.nn.Linear(4, 70), torch.randn(3, 4)
    expected = layer(inputs)
    flat.align(layer)
    torch.testing.assert_close(layer(inputs), expected)
    assert layer.weight.shape == (70, 4)


def test_tokens_of_rows_end_to_end_are_counted_row_by_row(language_model: MaskedLanguageModel) -> None:
    network = language_model.network
    ids, places = torch.tensor([[5] * 6]), torch.tensor([[2, 3, 4, 5, 2, 3]])
    embeddings = network.base_model.get_submodule("embeddings")
    tokens, _ = counted(network, lambda: embeddings(input_ids=ids, position_ids=places))
    assert tokens == Tokens(computed=6, useful=6, squares=20, rows=2, passes=1)


@pytest.mark.gpu
@ON_A_GPU
@pytest.mark.parametrize("folder", ["encoder_folder", "bert_folder"])
def test_kernels_say_of_a_position_what_padded_rows_say(folder: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(folder)
    model = MaskedLanguageModel.load(path).to(torch.device("cuda"))
    model.network.eval()
    assert flat.takes(model)
    random, starts = np.random.default_rng(1), np.concatenate([[0], np.cumsum(LENGTHS)])
    ids, position = random.integers(5, 200, starts[-1]), random.integers(LENGTHS)
    with torch.inference_mode():
        for chosen in flat.batches(LENGTHS, token_budget=100):
            found = flat.hidden(model, ids, starts, chosen, position)
            rows, attended = padded_rows(ids, starts, chosen, padding=model.encoder.padding)
            expected = model.hidden(
                torch.from_numpy(rows).cuda(),
                attention(attended, model.device),
                torch.from_numpy(position[chosen]).cuda(),
            )
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
@ON_A_GPU
def test_generation_is_that_of_a_cpu(language_model: MaskedLanguageModel, xner: Corpus) -> None:
    how = Vicinity(
        mask_ratio=0.3,
        diversification_factors=(2,),
        unit=Unit.WORD,
        schedule=Schedule.INDEPENDENT,
        fills=Fills.WORD_INITIAL,
        min_words=1,
        max_words=150,
        min_characters=1,
        drop_unchanged=False,
    )
    expected = generate(xner, language_model, how, seed=1).corpus
    on_gpu = language_model.to(torch.device("cuda"))
    assert list(generate(xner, on_gpu, how, seed=1).corpus) == list(expected)
    # In bfloat16 with the aligned output layer, few pieces change places.
    in_bf16 = generate(xner, on_gpu, how, seed=1, precision=Precision.BF16).corpus
    assert len(in_bf16) == len(expected)
