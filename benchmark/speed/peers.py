"""Peers of GEN-LM: the authors' loop, and the `fill-mask` pipeline of transformers.

The loop is a re-creation of how the authors' code spends its time: one sentence, one mask, one pass. Each
returns the copies of every sentence that come about with the masks that GEN-LM draws, when any piece
may fill a mask.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from transformers import PreTrainedModel, pipeline

from uxla.drawing import draw_masks
from uxla.examples import Corpus, Words
from uxla.language_model import MaskedLanguageModel
from uxla.randomness import derive_seed
from uxla.tokenizer import WORD_START
from uxla.vicinity import Generated, Vicinity

Copies = dict[str, list[Words]]
"""By the id of a sentence: its copies."""


def copies_of(generated: Generated, corpus: Corpus) -> Copies:
    """What GEN-LM generated, in the form in which peers return theirs."""
    found: Copies = {name: [] for name in corpus.ids}
    for example in generated.corpus:
        found[example.id.rpartition("#")[0]].append(example.texts[0])
    return found


def masks_of(corpus: Corpus, vicinity: Vicinity, seed: int) -> Iterator[tuple[str, Words, list[list[int]]]]:
    """Every sentence that is masked, with the positions of each of its copies, as GEN-LM draws them."""
    for example in corpus:
        (words,) = example.texts
        if vicinity.min_words <= len(words) <= vicinity.max_words:
            masks = draw_masks(
                [len(word) >= vicinity.min_characters for word in words],
                ratio=vicinity.mask_ratio,
                n_copies=vicinity.diversification_factors[0],
                schedule=vicinity.schedule,
                seed=derive_seed(seed, example.id, 0),
            )
            yield example.id, words, masks


def network_of(language_model: MaskedLanguageModel) -> PreTrainedModel:
    """The same weights with the attention that transformers takes by itself, as a peer would have them."""
    network = deepcopy(language_model.network)
    network.set_attn_implementation("sdpa")
    return network


class AuthorsLoop:
    """One sentence, one mask, one pass, scores of all positions; the text is split anew for every mask.

    Without gradients, of which the authors' code keeps what a backward pass would need.
    """

    def __init__(self, language_model: MaskedLanguageModel, network: PreTrainedModel | None = None) -> None:
        """`network` computes in the place of a copy of that of the language model."""
        self._network = network or network_of(language_model)
        self._tokenizer = language_model.tokenizer
        self._pieces = self._tokenizer.convert_ids_to_tokens(list(range(len(self._tokenizer))))
        self.n_passes = 0

    def __call__(self, corpus: Corpus, vicinity: Vicinity, *, seed: int) -> Copies:
        """The copies of every sentence that keep their number of words."""
        found: Copies = {name: [] for name in corpus.ids}
        for name, words, masks in masks_of(corpus, vicinity, seed):
            texts = [self._copy(words, positions) for positions in masks]
            found[name] = [text for text in texts if len(text) == len(words)]
        return found

    def _copy(self, words: Words, positions: list[int]) -> Words:
        text = " ".join(words)
        for position in positions:
            current = text.split()
            # A lost word moves the places of all after it; the authors take the first for one beyond.
            current[position if position < len(current) else 0] = self._tokenizer.mask_token
            text = self._filled(" ".join(current))
        return tuple(text.split())

    def _filled(self, text: str) -> str:
        """The text with its mask replaced by the likeliest piece."""
        self.n_passes += 1
        mask = self._tokenizer.mask_token
        left, _, right = text.partition(mask)
        before = [self._tokenizer.bos_token_id, *self._ids(left)]
        row = [*before, self._tokenizer.mask_token_id, *self._ids(right), self._tokenizer.eos_token_id]
        with torch.no_grad():
            scores = self._network(input_ids=torch.tensor([row], device=self._network.device)).logits
        probability, best = scores[0, len(before)].softmax(dim=0).topk(1)
        probability.item()  # the authors look at every probability
        piece = self._pieces[int(best)]
        spelling = piece.replace(WORD_START, " ").strip()
        if piece.startswith(WORD_START):
            spelling = f" {spelling}"
        return text.replace(f" {mask}" if f" {mask}" in text else mask, spelling)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text.rstrip(), add_special_tokens=False)["input_ids"]
        return ids


class FillMask:
    """The `fill-mask` pipeline over all copies at once, one mask of each at a time, in batches."""

    def __init__(self, language_model: MaskedLanguageModel, *, batch_size: int) -> None:
        self._tokenizer = language_model.tokenizer
        make: Any = pipeline  # its declared types leave out most of what it takes
        self._fill = make(
            "fill-mask",
            model=network_of(language_model),
            tokenizer=self._tokenizer,
            device=language_model.device,
            batch_size=batch_size,
            top_k=1,
        )

    def __call__(self, corpus: Corpus, vicinity: Vicinity, *, seed: int) -> Copies:
        """The copies of every sentence that keep their number of words."""
        found: Copies = {name: [] for name in corpus.ids}
        drawn = [
            (name, list(words), positions)
            for name, words, masks in masks_of(corpus, vicinity, seed)
            for positions in masks
        ]
        step = 0
        while alive := [(words, where) for _, words, where in drawn if words and step < len(where)]:
            self._step([(words, where[step]) for words, where in alive])
            step += 1
        for name, words, _ in drawn:
            if words:
                found[name].append(tuple(words))
        return found

    def _step(self, copies: list[tuple[list[str], int]]) -> None:
        """Fill one mask of each copy; a copy whose number of words changes is emptied."""
        mask = [self._tokenizer.mask_token]
        texts = [" ".join([*words[:place], *mask, *words[place + 1 :]]) for words, place in copies]
        # Of a list of one text the pipeline returns the fills of that text.
        filled = self._fill(texts) if len(texts) > 1 else [self._fill(texts)]
        for (words, place), (best,) in zip(copies, filled, strict=True):
            piece = str(self._tokenizer.convert_ids_to_tokens(best["token"]))
            spelling = piece.removeprefix(WORD_START)
            if spelling and (piece.startswith(WORD_START) or place == 0):
                words[place] = spelling
            else:
                words.clear()
