"""The task models: an encoder with a linear head, built, saved and loaded (UXLA §2.1)."""

import json
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from uxla.batches import Batch
from uxla.devices import place
from uxla.encoding import Rows, encode, word_encoder
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.randomness import torch_seed
from uxla.tasks import TASKS, Task
from uxla.tokenizer import open_tokenizer


class TaskModel:
    """An encoder, a linear layer over its hidden states, and the tokenizer of the encoder.

    The layer reads the first subword of each word (XNER) or the first token (pairs). On disk it is
    a folder that `AutoModelForTokenClassification.from_pretrained` opens as well.
    """

    def __init__(self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, task: Task) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.task = task
        self.encoder = word_encoder(tokenizer)
        place(network, network.device)

    @classmethod
    def build(cls, encoder: str | Path, task: Task, *, seed: int, dropout: float = 0.1) -> "TaskModel":
        """A pretrained encoder under a new head, whose weights depend on `seed` alone.

        Args:
            encoder: a folder or a name on the hub; safetensors only, its own code is never run.
            task: gives the classes of the head.
            seed: of the head's weights.
            dropout: on hidden states, attention and the head's input (Table 8).
        """
        config = AutoConfig.from_pretrained(
            encoder,
            id2label=dict(enumerate(task.labels)),
            label2id={label: index for index, label in enumerate(task.labels)},
            **_dropouts(dropout),
        )
        with torch_seed(seed, "head"):
            network = AutoModelForTokenClassification.from_pretrained(
                encoder, config=config, dtype=torch.float32, use_safetensors=True
            )
        return cls(network, open_tokenizer(encoder), task)

    @classmethod
    def load(cls, path: Path, *, dropout: float | None = None) -> "TaskModel":
        """Open a folder written by `save`, with another dropout if one is given.

        Raises:
            ValueError: there is no task model in the folder.
        """
        try:
            task = TASKS[json.loads((path / "task.json").read_text(encoding="utf-8"))["task"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: expected a task model with a task.json, found none") from error
        config = AutoConfig.from_pretrained(path, **({} if dropout is None else _dropouts(dropout)))
        network = AutoModelForTokenClassification.from_pretrained(
            path, config=config, dtype=torch.float32, use_safetensors=True
        )
        return cls(network, open_tokenizer(path), task)

    def save(self, path: Path) -> None:
        """Write weights (safetensors), configuration and tokenizer to a folder, whole or not at all."""
        with replacing(path) as temporary:
            self.network.save_pretrained(temporary)
            self.tokenizer.save_pretrained(temporary)
            name = json.dumps({"task": self.task.name}) + "\n"
            (temporary / "task.json").write_text(name, encoding="utf-8")

    def encode(self, corpus: Corpus, *, max_length: int) -> Rows:
        """The rows of a corpus (`uxla.encoding.encode`).

        Raises:
            ValueError: `max_length` is more than the encoder takes.
        """
        if max_length > self.max_length:
            raise ValueError(f"max_length must be at most {self.max_length} here, was: {max_length}")
        return encode(corpus, self.task, self.encoder, max_length=max_length)

    @property
    def max_length(self) -> int:
        """The most subwords a row may have, special tokens included."""
        config = self.network.config
        # The RoBERTa family numbers positions from the padding id + 1 on.
        offset = config.pad_token_id + 1 if "roberta" in config.model_type else 0
        return int(config.max_position_embeddings) - offset

    @property
    def has_segments(self) -> bool:
        """Whether the encoder distinguishes the first from the second text (BERT does)."""
        return int(getattr(self.network.config, "type_vocab_size", 1)) > 1

    def to(self, device: torch.device) -> "TaskModel":
        """Move the weights to a device."""
        place(self.network, device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.device

    def logits(self, batch: Batch) -> torch.Tensor:
        """Scores of the classes at the labelled positions: (n_positions, n_classes)."""
        logits: torch.Tensor = self.network(**batch.inputs).logits[batch.rows, batch.marks]
        return logits


def _dropouts(dropout: float) -> dict[str, float]:
    return {
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "classifier_dropout": dropout,
    }
