"""Masked-LM training: what is masked, that it learns, and that an interruption leaves no trace."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from uxla import pretraining
from uxla.devices import Precision
from uxla.examples import Corpus, Example
from uxla.language_model import MaskedLanguageModel
from uxla.optimisation import Optimisation, Optimiser
from uxla.pretraining import Pretraining, Shape, new_language_model, pretrain

SETTINGS = Pretraining(
    optimisation=Optimisation(
        learning_rate=5e-3, lr_warmup=0.1, weight_decay=0.01, adam_epsilon=1e-8, max_gradient_norm=1.0
    ),
    max_steps=12,
    max_seconds=None,
    batch_size=8,
    mask_ratio=0.15,
    sampling_factor=0.5,
    save_every_seconds=1e9,
    precision=Precision.FP32,
)


@pytest.fixture
def fresh(encoder_folder: Path) -> Callable[[], MaskedLanguageModel]:
    """Makes the tiny XLM-R anew."""
    return lambda: MaskedLanguageModel.load(encoder_folder)


@pytest.fixture
def languages(toy_text: Corpus) -> list[Corpus]:
    return [toy_text.select(range(100)), toy_text.select(range(100, 200))]


def weights(model: MaskedLanguageModel) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in model.network.state_dict().items()}


def equal(first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


class Seen:
    """Inputs of every pass of a masked LM, and the positions it is asked for."""

    def __init__(self, model: MaskedLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[tuple[np.ndarray, np.ndarray]] = []
        scores = model.scores

        def record(
            ids: torch.Tensor, attended: torch.Tensor, where: tuple[torch.Tensor, torch.Tensor]
        ) -> torch.Tensor:
            chosen = np.zeros(ids.shape, bool)
            chosen[where[0].numpy(), where[1].numpy()] = True
            self.batches.append((np.where(attended.numpy() == 1, ids.numpy(), -1), chosen))
            return scores(ids, attended, where)

        monkeypatch.setattr(model, "scores", record)

    @property
    def rows(self) -> Iterator[list[int]]:
        for ids, _ in self.batches:
            yield from ([int(i) for i in row if i >= 0] for row in ids)


def repeated(model: MaskedLanguageModel, text: Corpus) -> tuple[Corpus, list[int]]:
    """A corpus of one sentence with a character that no piece has, and the ids of its row."""
    words = (*text.select([0]).table["texts"][0].as_py()[0], "☃")
    ids = [i for word in words for i in model.encoder.pieces(word)]
    assert model.tokenizer.unk_token_id in ids
    corpus = Corpus.of([Example("s", "qaa", (words,))])
    return corpus, [model.tokenizer.bos_token_id, *ids, model.tokenizer.eos_token_id]


def test_a_new_model_has_the_shape_asked_for(language_model: MaskedLanguageModel) -> None:
    shape = Shape(vocabulary=400, layers=3, width=16, heads=4, feed_forward=24, max_length=50, dropout=0.2)
    model = new_language_model(language_model.tokenizer, shape, seed=1)
    config = model.network.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (3, 16, 4)
    assert (config.intermediate_size, config.hidden_dropout_prob) == (24, 0.2)
    assert (config.vocab_size, model.max_length) == (len(language_model.tokenizer), 50)


def test_a_bert_is_made_where_the_tokenizer_is_one_of_bert_and_learns(
    bert_folder: Path, toy_text: Corpus, tmp_path: Path
) -> None:
    shape = Shape(vocabulary=400, layers=1, width=16, heads=2, feed_forward=24, max_length=50, dropout=0.2)
    model = new_language_model(MaskedLanguageModel.load(bert_folder).tokenizer, shape, seed=1)
    config = model.network.config
    assert (config.model_type, config.type_vocab_size, model.max_length) == ("bert", 2, 50)
    losses: list[float] = []
    settings = replace(SETTINGS, max_steps=60)
    pretrain(
        model,
        [toy_text],
        settings,
        seed=1,
        state=tmp_path / "state",
        log=lambda _, metrics: losses.append(metrics["loss"]),
    )
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.5


# What is masked.


def test_of_the_masked_subwords_eight_in_ten_are_hidden_one_is_replaced_and_one_kept(
    fresh: Callable[[], MaskedLanguageModel],
    toy_text: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = fresh()
    corpus, row = repeated(model, toy_text)
    seen = Seen(model, monkeypatch)
    settings = replace(SETTINGS, batch_size=400, max_steps=4, mask_ratio=0.3)
    pretrain(model, [corpus], settings, seed=1, state=tmp_path / "state")
    inputs = np.concatenate([ids for ids, _ in seen.batches])
    chosen = np.concatenate([where for _, where in seen.batches])
    original = np.broadcast_to(row, inputs.shape)
    assert (inputs[~chosen] == original[~chosen]).all()

    special = np.isin(row, model.tokenizer.all_special_ids)
    assert special.sum() == 3
    assert not chosen[:, special].any()
    assert chosen[:, ~special].mean() == pytest.approx(0.3, abs=0.02)

    hidden = inputs[chosen] == model.mask
    kept = inputs[chosen] == original[chosen]
    replaced = inputs[chosen][~hidden & ~kept]
    assert hidden.mean() == pytest.approx(0.8, abs=0.02)
    assert kept.mean() == pytest.approx(0.1, abs=0.02)
    assert len(replaced) / chosen.sum() == pytest.approx(0.1, abs=0.02)
    assert np.isin(replaced, model.ordinary).all()
    assert len(np.unique(replaced)) > 100


def test_a_batch_has_at_least_one_mask_and_never_a_special_token(
    fresh: Callable[[], MaskedLanguageModel],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    toy_text: Corpus,
) -> None:
    model = fresh()
    seen = Seen(model, monkeypatch)
    word = toy_text.select([0]).table["texts"][0].as_py()[0][0]
    corpus = Corpus.of([Example("s", "qaa", (("☃", word),))])
    losses: list[float] = []
    pretrain(
        model,
        [corpus],
        replace(SETTINGS, mask_ratio=0.0),
        seed=1,
        state=tmp_path / "state",
        log=lambda _, metrics: losses.append(metrics["loss"]),
    )
    row = [0, *model.encoder.pieces("☃"), *model.encoder.pieces(word), 2]
    first = next(position for position, i in enumerate(row) if i in model.ordinary)
    assert row[first - 1] == model.tokenizer.unk_token_id or first == 1
    for _, chosen in seen.batches:
        assert np.argwhere(chosen).tolist() == [[0, first]]
    assert np.isfinite(losses).all()


def test_a_long_text_is_cut_into_rows_and_nothing_of_it_is_lost(
    fresh: Callable[[], MaskedLanguageModel],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    toy_text: Corpus,
) -> None:
    model = fresh()
    seen = Seen(model, monkeypatch)
    words = tuple(word for example in toy_text.select(range(12)) for word in example.texts[0])
    ids = [i for word in words for i in model.encoder.pieces(word)]
    rows = {tuple(ids[begin : begin + 38]) for begin in range(0, len(ids), 38)}
    pretrain(
        model,
        [Corpus.of([Example("s", "qaa", (words,))])],
        replace(SETTINGS, mask_ratio=0.0, batch_size=16),
        seed=1,
        state=tmp_path / "state",
    )
    assert len(rows) > 2
    assert rows <= {tuple(row[1:-1]) for row in seen.rows}
    assert max(map(len, seen.rows)) == 40


def test_the_texts_of_a_pair_are_read_in_one_row_or_apart_if_they_are_too_long(
    fresh: Callable[[], MaskedLanguageModel], xnli: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fresh()
    seen = Seen(model, monkeypatch)
    settings = replace(SETTINGS, mask_ratio=0.0, max_steps=pretraining.POOL)
    pretrain(model, [xnli], settings, seed=1, state=tmp_path / "state")
    encoder, rows = model.encoder, set[tuple[int, ...]]()
    for example in xnli:
        texts = [[i for word in text for i in encoder.pieces(word)] for text in example.texts]
        whole = encoder.frame(texts)[0]
        parts = [whole] if len(whole) <= model.max_length else [encoder.frame([ids])[0] for ids in texts]
        rows |= {tuple(part) for part in parts}
    # One subword of a batch is masked and may be replaced; the other rows are as they were written.
    unmasked = [
        tuple(int(i) for i in row[row >= 0])
        for ids, chosen in seen.batches
        for row, hidden in zip(ids, chosen.any(axis=1), strict=True)
        if not hidden
    ]
    assert set(unmasked) == rows


@pytest.mark.parametrize(("sampling_factor", "share"), [(0.0, 0.5), (1.0, 0.9)])
def test_languages_are_sampled_as_in_equation_2(
    fresh: Callable[[], MaskedLanguageModel],
    languages: list[Corpus],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sampling_factor: float,
    share: float,
) -> None:
    model = fresh()
    large = languages[0].select(range(90))
    small = Corpus.of(Example(f"x{i}", "x", (("☃",) * 2,)) for i in range(10))
    seen = Seen(model, monkeypatch)
    settings = replace(SETTINGS, batch_size=32, max_steps=20, sampling_factor=sampling_factor)
    pretrain(model, [large, small], settings, seed=1, state=tmp_path / "state")
    counts = Counter(model.tokenizer.unk_token_id in row for row in seen.rows)
    assert counts[False] / counts.total() == pytest.approx(share, abs=0.08)


# Learning, and stopping.


def test_the_loss_falls(
    fresh: Callable[[], MaskedLanguageModel], languages: list[Corpus], tmp_path: Path
) -> None:
    losses: list[float] = []
    settings = replace(SETTINGS, max_steps=60, batch_size=24)
    n_steps = pretrain(
        fresh(), languages, settings, seed=1, state=tmp_path / "state",
        log=lambda _, metrics: losses.append(metrics["loss"]),
    )  # fmt: skip
    assert n_steps == len(losses) == 60
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.5


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    fresh: Callable[[], MaskedLanguageModel], languages: list[Corpus], tmp_path: Path
) -> None:
    outcomes = []
    for number, seed in enumerate([1, 1, 2]):
        model = fresh()
        torch.manual_seed(number)
        pretrain(model, languages, SETTINGS, seed=seed, state=tmp_path / str(number))
        outcomes.append(weights(model))
    assert equal(outcomes[0], outcomes[1])
    assert not equal(outcomes[0], outcomes[2])


@pytest.mark.parametrize("stop_at", [1, 4, 5, 11])
def test_an_interrupted_run_continues_to_the_same_weights(
    fresh: Callable[[], MaskedLanguageModel],
    languages: list[Corpus],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop_at: int,
) -> None:
    # Pools of four batches, so that runs stop within a pool, at its end and in a later one.
    monkeypatch.setattr(pretraining, "POOL", 4)
    whole, losses = fresh(), dict[int, float]()
    pretrain(
        whole, languages, SETTINGS, seed=1, state=tmp_path / "a",
        log=lambda step, metrics: losses.update({step: metrics["loss"]}),
    )  # fmt: skip

    def stop(step: int, _metrics: Mapping[str, float]) -> None:
        if step == stop_at + 1:
            raise KeyboardInterrupt

    saving = replace(SETTINGS, save_every_seconds=0.0)
    with pytest.raises(KeyboardInterrupt):
        pretrain(fresh(), languages, saving, seed=1, state=tmp_path / "b", log=stop)

    resumed, rest = fresh(), dict[int, float]()
    n_steps = pretrain(
        resumed, languages, SETTINGS, seed=1, state=tmp_path / "b",
        log=lambda step, metrics: rest.update({step: metrics["loss"]}),
    )  # fmt: skip
    assert n_steps == 12
    assert rest == {step: loss for step, loss in losses.items() if step > stop_at}
    assert equal(weights(resumed), weights(whole))


def test_a_saved_state_wins_over_the_weights_of_the_model_that_takes_it_up(
    fresh: Callable[[], MaskedLanguageModel], languages: list[Corpus], tmp_path: Path
) -> None:
    saving = replace(SETTINGS, save_every_seconds=0.0)
    first = fresh()
    pretrain(first, languages, saving, seed=1, state=tmp_path / "state")
    other = fresh()
    with torch.no_grad():
        for weight in other.network.parameters():
            weight.zero_()
    assert pretrain(other, languages, saving, seed=1, state=tmp_path / "state") == 12
    assert equal(weights(other), weights(first))


class Clock:
    """Time that moves only when weights are updated."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def timed(self, *args: Any, **options: Any) -> Optimiser:
        clock = self

        class Timed(Optimiser):
            def step(self, done: float) -> None:
                super().step(done)
                clock.now += 1.0

        return Timed(*args, **options)


def test_the_time_box_ends_a_run_and_counts_the_time_before_an_interruption(
    fresh: Callable[[], MaskedLanguageModel],
    languages: list[Corpus],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(pretraining, "time", clock)
    monkeypatch.setattr(pretraining, "Optimiser", clock.timed)
    boxed = replace(SETTINGS, max_seconds=5.0, save_every_seconds=0.5)
    assert pretrain(fresh(), languages, boxed, seed=1, state=tmp_path / "a") == 5

    def stop(step: int, _metrics: Mapping[str, float]) -> None:
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(fresh(), languages, boxed, seed=1, state=tmp_path / "b", log=stop)
    clock.now += 1000
    resumed: list[int] = []
    n_steps = pretrain(
        fresh(), languages, boxed, seed=1, state=tmp_path / "b",
        log=lambda step, _metrics: resumed.append(step),
    )  # fmt: skip
    assert (n_steps, resumed) == (5, [4, 5])


def test_training_leaves_the_model_ready_to_predict(
    fresh: Callable[[], MaskedLanguageModel], languages: list[Corpus], tmp_path: Path
) -> None:
    model = fresh()
    pretrain(model, languages, replace(SETTINGS, max_steps=1), seed=1, state=tmp_path / "state")
    assert not model.network.training
