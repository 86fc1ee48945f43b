"""Seconds of the small steps, on tiny models: `make bench` measures them, `make test` runs each once."""

from dataclasses import replace

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from benchmark.speed.generation import AUTHORS
from uxla.batches import collate, length_buckets
from uxla.descent import Recipe
from uxla.distillation import agreement, distill_by_confidence
from uxla.drawing import Schedule, draw_masks
from uxla.encoding import WordEncoder, encode
from uxla.examples import Corpus
from uxla.language_model import MaskedLanguageModel
from uxla.mixing import mixed_batches
from uxla.models import TaskModel
from uxla.predictions import Predictions
from uxla.tasks import TASKS
from uxla.training import fit
from uxla.vicinity import generate

N_SENTENCES, N_WORDS, N_CLASSES = 5000, 20, 9


def labelled(seed: int) -> Predictions:
    """Random probabilities for sentences of like length."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(N_CLASSES, 0.05), N_SENTENCES * N_WORDS).astype(np.float32)
    return Predictions(probabilities, np.arange(0, N_SENTENCES * N_WORDS + 1, N_WORDS))


def test_drawing_the_masks_of_a_sentence(benchmark: BenchmarkFixture) -> None:
    eligible = [True, False, True, True] * 10
    masks = benchmark(draw_masks, eligible, ratio=0.3, n_copies=3, schedule=Schedule.INDEPENDENT, seed=1)
    assert [len(positions) for positions in masks] == [12, 12, 12]


def test_selection_by_two_peers_of_whom_one_is_another(benchmark: BenchmarkFixture) -> None:
    first, second = labelled(1), labelled(1)

    def select() -> int:
        kept = [distill_by_confidence(peer, 0.8) for peer in (first, second)]
        return len(agreement(first, kept[0], second, kept[1]))

    assert benchmark(select) == 0.8 * N_SENTENCES


def test_encoding_words_seen_before(benchmark: BenchmarkFixture, tagger: TaskModel, xner: Corpus) -> None:
    rows = benchmark(encode, xner, TASKS["xner"], tagger.encoder, max_length=40)
    assert len(rows) == len(xner)


def test_splitting_words_never_seen(benchmark: BenchmarkFixture, tagger: TaskModel) -> None:
    words = [f"wort{number}" for number in range(1000)]
    benchmark(lambda: WordEncoder(tagger.tokenizer).learn(words))


def test_batches_of_like_length(benchmark: BenchmarkFixture, tagger: TaskModel, xner: Corpus) -> None:
    rows = encode(xner, TASKS["xner"], tagger.encoder, max_length=40)

    def batches() -> int:
        found = length_buckets(rows.lengths, token_budget=200)
        return sum(
            len(collate(rows, some, padding=1, device=tagger.device).inputs["input_ids"]) for some in found
        )

    assert benchmark(batches) == len(xner)


def test_drawing_a_thousand_batches(benchmark: BenchmarkFixture) -> None:
    lengths = [np.random.default_rng(1).integers(5, 50, size=N_SENTENCES)] * 2
    drawn = benchmark(
        lambda: list(mixed_batches(lengths, sampling_factor=0.7, batch_size=16, n_batches=1000, seed=1))
    )
    assert len(drawn) == 1000


def test_generating_with_a_tiny_model(
    benchmark: BenchmarkFixture, language_model: MaskedLanguageModel, toy_text: Corpus
) -> None:
    some = toy_text.select(range(20))
    made = benchmark(lambda: generate(some, language_model, replace(AUTHORS, min_words=1), seed=1))
    assert made.n_eligible == 20


def test_a_step_of_training_a_tiny_model(
    benchmark: BenchmarkFixture, tagger: TaskModel, xner: Corpus, recipe: Recipe
) -> None:
    how = replace(recipe, max_steps=1)
    assert benchmark(lambda: fit(tagger, [xner], how, validation=None, seed=1)).n_steps == 1
