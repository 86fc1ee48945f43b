"""The masked language model that defines the vicinity and is never trained on a task (UXLA §2.2)."""

from copy import copy
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerFast

from uxla.devices import place, scores_at_once
from uxla.encoding import word_encoder
from uxla.files import replacing
from uxla.tokenizer import WORD_START, open_tokenizer


class MaskedLanguageModel:
    """A masked LM with its tokenizer; its output layer is applied to chosen positions only.

    For every id, `words` holds the word it spells and `continuations` what it adds to a word, ''
    where it does not; `begins` says whether it stands where a word begins.
    """

    def __init__(self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.encoder = word_encoder(tokenizer)
        place(network, network.device)
        self.mask = int(tokenizer.mask_token_id)
        self.words, self.continuations, self.begins = _vocabulary(tokenizer, network.config.vocab_size)
        self.ordinary = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)

    @classmethod
    def load(cls, source: str | Path, *, revision: str = "main") -> "MaskedLanguageModel":
        """Open a folder or a name on the hub; safetensors only, its own code is never run."""
        network = AutoModelForMaskedLM.from_pretrained(
            source, revision=revision, dtype=torch.float32, use_safetensors=True
        )
        return cls(network, open_tokenizer(source, revision=revision))

    def save(self, path: Path) -> None:
        """Write weights (safetensors), configuration and tokenizer to a folder, whole or not at all."""
        with replacing(path) as temporary:
            self.network.save_pretrained(temporary)
            self.tokenizer.save_pretrained(temporary)

    def to(self, device: torch.device) -> "MaskedLanguageModel":
        """Move the weights to a device."""
        place(self.network, device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.device

    @property
    def max_length(self) -> int:
        """The most subwords a row may have, special tokens included."""
        config = self.network.config
        offset = config.pad_token_id + 1 if "roberta" in config.model_type else 0
        return int(config.max_position_embeddings) - offset

    def scores(
        self, ids: torch.Tensor, attended: torch.Tensor | None, where: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        """Logits at chosen positions.

        Shapes: `ids` (n_rows, length), `attended` as `uxla.batches.attention` makes it; `where` is
        (row, position), each (n_positions,); the result is (n_positions, vocabulary).
        """
        hidden = self.network.base_model(input_ids=ids, attention_mask=attended).last_hidden_state
        return self._head(hidden[where])

    def hidden(
        self, ids: torch.Tensor, attended: torch.Tensor | None, position: torch.Tensor
    ) -> torch.Tensor:
        """What the encoder says of one position of every row, before the output layer: (n_rows, width).

        Of the last layer only what that takes is computed: keys and values of all positions, all else of
        the one. Shapes as for `scores`, `position` (n_rows,).
        """
        encoder: Any = self.network.base_model
        inputs = _without_last_layer(encoder)(input_ids=ids, attention_mask=attended).last_hidden_state
        layer = encoder.encoder.layer[-1]
        chosen = inputs[torch.arange(len(ids), device=ids.device), position]
        if attended is not None:
            attended = attended.view(len(ids), 1, 1, -1).bool()
        attention = layer.attention.self
        query, key, value = (
            projected.unflatten(-1, (attention.num_attention_heads, -1)).transpose(1, 2)
            for projected in (
                attention.query(chosen)[:, None],
                attention.key(inputs),
                attention.value(inputs),
            )
        )
        context = scaled_dot_product_attention(query, key, value, attn_mask=attended).flatten(1)
        return cast(torch.Tensor, layer.feed_forward_chunk(layer.attention.output(context, chosen)))

    def best(
        self, hidden: torch.Tensor, barred: torch.Tensor | None, kinds: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The most probable piece at each position, from what `hidden` says of it: (n_positions,).

        `barred` says which pieces must not stand at positions of a kind: (n_kinds, vocabulary), with the
        `kinds` of the positions, (n_positions,), if there are several. Scores of few positions are in memory
        at a time.
        """
        step = max(1, scores_at_once(self.device) // self.network.config.vocab_size)
        parts = [slice(begin, begin + step) for begin in range(0, len(hidden), step)]
        if barred is None or kinds is None:
            return torch.cat([self._best(hidden[part], barred) for part in parts])
        return torch.cat([self._best(hidden[part], barred[kinds[part]]) for part in parts])

    def _best(self, hidden: torch.Tensor, barred: torch.Tensor | None) -> torch.Tensor:
        scores = self._head(hidden)
        if barred is not None:
            scores.masked_fill_(barred, -torch.inf)
        return scores.argmax(dim=-1)

    def _head(self, hidden: torch.Tensor) -> torch.Tensor:
        head = self.network.get_submodule("cls" if hasattr(self.network, "cls") else "lm_head")
        return cast(torch.Tensor, head(hidden))


def _without_last_layer(encoder: Any) -> Any:
    """The same modules but for the last layer."""
    shorter, stack = copy(encoder), copy(encoder.encoder)
    # A copy shares the table of its parts with the original.
    shorter._modules, stack._modules = dict(encoder._modules), dict(stack._modules)
    shorter.encoder, stack.layer = stack, encoder.encoder.layer[:-1]
    return shorter


def _vocabulary(tokenizer: PreTrainedTokenizerFast, size: int) -> tuple[list[str], list[str], list[bool]]:
    """The word each id spells, what it adds to a word ('' for nothing), whether it stands at a beginning."""
    pieces = [str(piece) for piece in tokenizer.convert_ids_to_tokens(list(range(min(size, len(tokenizer)))))]
    pieces += [""] * (size - len(pieces))
    special = set(tokenizer.all_special_tokens)
    marked = any(piece.startswith(WORD_START) for piece in pieces)
    begins = [piece.startswith(WORD_START) if marked else not piece.startswith("##") for piece in pieces]
    texts = [piece.removeprefix(WORD_START if marked else "##").replace(WORD_START, " ") for piece in pieces]
    for index, (piece, text) in enumerate(zip(pieces, texts, strict=True)):
        # Nothing fills a mask that would not be exactly one word, or a part of one.
        if piece in special or text.split() != [text]:
            texts[index] = ""
    words = [text if begin else "" for text, begin in zip(texts, begins, strict=True)]
    continuations = ["" if begin else text for text, begin in zip(texts, begins, strict=True)]
    return words, continuations, begins
