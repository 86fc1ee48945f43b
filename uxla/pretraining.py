"""Masked-LM training of an encoder of XLM-R's or BERT's make, from scratch or continued, on any text.

It stands in for the public checkpoints where there are none, and is the "finetuned XLM-R" of Table 7.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizer,
)

from uxla.batches import attention, padded
from uxla.devices import Precision, autocast, fetch, send
from uxla.encoding import Ints
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.language_model import MaskedLanguageModel
from uxla.mixing import mixing_weights
from uxla.optimisation import Log, LossLog, Optimisation, Optimiser, ignore
from uxla.randomness import generator, torch_seed

POOL = 64
"""Batches drawn at once, sorted by length and cut, so that batches hold sentences of like length."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Size of an encoder built from scratch."""

    vocabulary: int
    layers: int
    width: int
    heads: int
    feed_forward: int
    max_length: int
    dropout: float


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How an encoder is pretrained; the box is steps, or seconds if they run out first."""

    optimisation: Optimisation
    max_steps: int
    max_seconds: float | None
    batch_size: int
    mask_ratio: float
    sampling_factor: float
    save_every_seconds: float
    precision: Precision


def new_language_model(
    tokenizer: XLMRobertaTokenizer | BertTokenizer, shape: Shape, *, seed: int
) -> MaskedLanguageModel:
    """A masked LM with random weights, of the make that its tokenizer is of."""
    is_bert = isinstance(tokenizer, BertTokenizer)
    make: tuple[Any, Any] = (XLMRobertaConfig, XLMRobertaForMaskedLM)
    if is_bert:
        make = (BertConfig, BertForMaskedLM)
    config = make[0](
        vocab_size=len(tokenizer),
        num_hidden_layers=shape.layers,
        hidden_size=shape.width,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        # XLM-R numbers positions from the padding id + 1 on.
        max_position_embeddings=shape.max_length + (0 if is_bert else 2),
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        type_vocab_size=2 if is_bert else 1,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch_seed(seed, "encoder"):
        network = make[1](config)
    return MaskedLanguageModel(network, tokenizer)


def pretrain(
    language_model: MaskedLanguageModel,
    corpora: Sequence[Corpus],
    settings: Pretraining,
    *,
    seed: int,
    state: Path,
    log: Log = ignore,
) -> int:
    """Train a masked LM in place and return the number of updates.

    Args:
        language_model: from scratch or pretrained.
        corpora: one a language; languages are sampled as in Eq. 2.
        settings: how to train.
        seed: of sentences, masks and dropout; batch n depends on (seed, n) alone.
        state: folder for the state to resume from; the same call continues an interrupted one.
        log: receives `loss` at every step.
    """
    sentences = [_encode(corpus, language_model) for corpus in corpora]
    optimiser = Optimiser(language_model.network, settings.optimisation, n_steps=settings.max_steps)
    step, seconds = _restore(state, language_model, optimiser)
    started = saved = time.monotonic()
    language_model.network.train()
    pool: list[list[tuple[int, int]]] = []
    waiting = LossLog(log)
    while (done := _done(step, seconds + time.monotonic() - started, settings)) < 1:
        if not pool or step % POOL == 0:
            pool = _pool(sentences, settings, seed, step // POOL)
        rows = [sentences[corpus][index] for corpus, index in pool[step % POOL]]
        with torch_seed(seed, "dropout", step):
            loss = _loss(language_model, rows, settings, generator(seed, "masks", step))
            loss.backward()  # type: ignore[no-untyped-call]
        fetched = fetch(loss.detach())
        optimiser.step(done)
        step += 1
        waiting.add(step, [fetched])
        if time.monotonic() - saved > settings.save_every_seconds:
            waiting.flush()
            saved = time.monotonic()
            _save(state, language_model, optimiser, step, seconds + saved - started)
    waiting.flush()
    language_model.network.eval()  # type: ignore[no-untyped-call]
    return step


def _done(step: int, seconds: float, settings: Pretraining) -> float:
    by_time = seconds / settings.max_seconds if settings.max_seconds else 0.0
    return max(step / settings.max_steps, by_time)


def _encode(corpus: Corpus, language_model: MaskedLanguageModel) -> list[Ints]:
    """Every example as ids between the special tokens, the two texts of a pair in one row.

    A row that would be too long is cut: the texts of a pair apart, a long text in several rows.
    """
    encoder, longest = language_model.encoder, language_model.max_length
    room = longest - len(encoder.frame([[]])[0])
    rows = []
    for example in corpus:
        for text in example.texts:
            encoder.learn(text)
        texts = [[i for word in text for i in encoder.pieces(word)] for text in example.texts]
        parts = [texts]
        if len(encoder.frame(texts)[0]) > longest:
            parts = [[ids[at : at + room]] for ids in texts for at in range(0, len(ids), room)]
        rows += [np.asarray(encoder.frame(part)[0], np.int64) for part in parts]
    return rows


def _pool(
    sentences: Sequence[Sequence[Ints]], settings: Pretraining, seed: int, number: int
) -> list[list[tuple[int, int]]]:
    """The next batches: (corpus, row) of each sentence, sentences of like length together."""
    random = generator(seed, "pool", number)
    weights = mixing_weights([len(rows) for rows in sentences], settings.sampling_factor)
    corpora = random.choice(len(sentences), size=POOL * settings.batch_size, p=weights)
    drawn = [(int(corpus), int(random.integers(len(sentences[corpus])))) for corpus in corpora]
    drawn.sort(key=lambda pair: len(sentences[pair[0]][pair[1]]))
    batches = [drawn[i : i + settings.batch_size] for i in range(0, len(drawn), settings.batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]


def _loss(
    language_model: MaskedLanguageModel, rows: list[Ints], settings: Pretraining, random: np.random.Generator
) -> torch.Tensor:
    """Mean cross-entropy of the masked subwords; of them 80 % are masked, 10 % replaced, 10 % kept."""
    device = language_model.device
    ids, attended = padded(rows, padding=language_model.encoder.padding)
    inner = ~np.isin(ids, language_model.tokenizer.all_special_ids)
    chosen = inner & (random.random(ids.shape) < settings.mask_ratio)
    if not chosen.any():
        # A batch without a single mask has no loss.
        chosen[np.unravel_index(inner.argmax(), inner.shape)] = True
    fate = random.random(ids.shape)
    inputs = np.where(chosen & (fate < 0.8), language_model.mask, ids)
    replaced = chosen & (fate >= 0.9)
    inputs[replaced] = random.choice(language_model.ordinary, size=int(replaced.sum()))
    row, place = (send(axis, device) for axis in np.nonzero(chosen))
    with autocast(device, settings.precision):
        scores = language_model.scores(send(inputs, device), attention(attended, device), (row, place))
    return torch.nn.functional.cross_entropy(scores.float(), send(ids[chosen], device))


def _save(
    state: Path, language_model: MaskedLanguageModel, optimiser: Optimiser, step: int, seconds: float
) -> None:
    """Write weights, optimiser moments and progress in one folder, whole or not at all."""
    tensors = {f"weight.{name}": w for name, w in language_model.network.named_parameters()}
    for index, moments in optimiser.adam.state_dict()["state"].items():
        tensors |= {f"moment.{index}.{name}": tensor for name, tensor in moments.items()}
    with replacing(state) as temporary:
        temporary.mkdir()
        whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
        save_file(whole, temporary / "state.safetensors")
        progress = json.dumps({"step": step, "seconds": seconds})
        (temporary / "progress.json").write_text(progress + "\n", encoding="utf-8")


def _restore(state: Path, language_model: MaskedLanguageModel, optimiser: Optimiser) -> tuple[int, float]:
    """Take up a saved state and return its steps and seconds; (0, 0) where there is none."""
    if not (state / "progress.json").is_file():
        return 0, 0.0
    tensors = load_file(state / "state.safetensors", device=str(language_model.device))
    with torch.no_grad():
        for name, weight in language_model.network.named_parameters():
            weight.copy_(tensors[f"weight.{name}"])
    whole = optimiser.adam.state_dict()
    for key, tensor in tensors.items():
        kind, _, rest = key.partition(".")
        if kind == "moment":
            index, name = rest.split(".")
            whole["state"].setdefault(int(index), {})[name] = tensor
    optimiser.adam.load_state_dict(whole)
    progress = json.loads((state / "progress.json").read_text(encoding="utf-8"))
    return int(progress["step"]), float(progress["seconds"])
