"""Peers of labelling and training: `Trainer` as the public classification examples have it, the pipeline.

Texts are cut at the length of the model and batches padded to their longest row.
"""

import gc
from collections.abc import Sequence
from copy import deepcopy
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from transformers import (
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    pipeline,
)

from uxla.descent import Recipe
from uxla.encoding import Ints
from uxla.examples import Corpus, Example
from uxla.models import TaskModel
from uxla.tasks import Level

Classes = list[np.ndarray[Any, np.dtype[np.int16]]]
"""The class of every word, or of the whole, example by example."""

IGNORED = -100
"""The label of what is no first piece of a word."""


def missing() -> str | None:
    """Why `Trainer` cannot run here; None if it can."""
    return None if find_spec("accelerate") else "Trainer needs the package accelerate, which is not installed"


class Trained:
    """A copy of a model under `Trainer`, with the attention that transformers takes by itself."""

    def __init__(self, model: TaskModel, folder: str, *, batch_size: int) -> None:
        self.network: PreTrainedModel = deepcopy(model.network)
        self.network.set_attn_implementation("sdpa")
        of_words = model.task.level is Level.WORD
        self._task, self._tokenizer, self._max_length = model.task, model.tokenizer, model.max_length
        self._learner = self.network if of_words else _OfFirstToken(self.network)
        collator = DataCollatorForTokenClassification if of_words else DataCollatorWithPadding
        self._collator = collator(self._tokenizer)
        self._arguments: dict[str, Any] = {
            "output_dir": folder,
            "per_device_train_batch_size": batch_size,
            "per_device_eval_batch_size": batch_size,
            "use_cpu": model.device.type == "cpu",
            "report_to": "none",
            "save_strategy": "no",
            "logging_strategy": "no",
            "disable_tqdm": True,
        }

    def predict(self, corpus: Corpus) -> Classes:
        """The classes of the first pieces of all words, or of all pairs, by `Trainer.predict`."""
        rows: Any = self._rows(corpus)  # a list does for a data set
        trainer = Trainer(
            model=self._learner,
            args=TrainingArguments(**self._arguments),
            data_collator=self._collator,
        )
        found: Any = trainer.predict(rows)
        classes = found.predictions.argmax(axis=-1).astype(np.int16).reshape(len(rows), -1)
        expected = found.label_ids.reshape(len(rows), -1)
        return [row[labels != IGNORED] for row, labels in zip(classes, expected, strict=True)]

    def train(
        self, corpus: Corpus, recipe: Recipe, batches: Sequence[Ints], *, seed: int, every_loss: bool = False
    ) -> list[float]:
        """Train on the given batches by `Trainer.train`, with its own optimiser.

        Returns the loss of every step if asked, which has the device wait for it, else nothing.
        """
        rows, how = self._rows(corpus), recipe.optimisation
        arguments = TrainingArguments(
            **self._arguments | {"logging_strategy": "steps" if every_loss else "no"},
            logging_steps=1,
            max_steps=len(batches),
            gradient_accumulation_steps=recipe.accumulate,
            learning_rate=how.learning_rate,
            warmup_steps=how.lr_warmup,
            weight_decay=how.weight_decay,
            adam_epsilon=how.adam_epsilon,
            max_grad_norm=how.max_gradient_norm,
            seed=seed,
        )
        trainer = _InOrder(
            model=self._learner,
            args=arguments,
            data_collator=self._collator,
            train_dataset=[rows[int(i)] for batch in batches for i in batch],
        )
        trainer.remove_callback(PrinterCallback)
        # It begins with a garbage collection, which would go through all that PyTorch has in memory.
        gc.freeze()
        try:
            trainer.train()
        finally:
            gc.unfreeze()
        return [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]

    def _rows(self, corpus: Corpus) -> list[dict[str, Any]]:
        """Ids and labels: of a word, at its first piece, or the one of a pair."""
        examples = list(corpus)
        encoded = self._tokenizer(
            *([list(example.texts[i]) for example in examples] for i in range(self._task.n_texts)),
            is_split_into_words=True,
            truncation=True,
            max_length=self._max_length,
        )
        of_words = self._task.level is Level.WORD
        return [
            {
                "input_ids": encoded["input_ids"][number],
                "labels": _of_pieces(example, encoded.word_ids(number))
                if of_words
                else (example.classes or (0,))[0],
            }
            for number, example in enumerate(examples)
        ]


def _of_pieces(example: Example, words: Sequence[int | None]) -> list[int]:
    """The label of every piece, given the word it is of."""
    classes = example.classes or (0,) * len(example.texts[0])
    return [
        IGNORED if word is None or word == before else classes[word]
        for word, before in zip(words, [None, *words[:-1]], strict=True)
    ]


class _OfFirstToken(torch.nn.Module):
    """The same head on the first token alone, as the sequence classification of transformers has it."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.encoder: Any = network.base_model
        self.dropout: Any = network.dropout
        self.classifier: Any = network.classifier

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Loss and scores of the classes: (n_pairs, n_classes)."""
        encoded = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        scores = self.classifier(self.dropout(encoded.last_hidden_state[:, 0]))
        return {"loss": torch.nn.functional.cross_entropy(scores, labels), "logits": scores}


class _InOrder(Trainer):
    """A `Trainer` that goes through its examples in the order in which they are given."""

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        return torch.utils.data.SequentialSampler(rows)


class Pipeline:
    """The `token-classification` pipeline over whole sentences, in batches."""

    def __init__(self, model: TaskModel, *, batch_size: int) -> None:
        network = deepcopy(model.network)
        network.set_attn_implementation("sdpa")
        network.eval()  # type: ignore[no-untyped-call]
        make: Any = pipeline  # its declared types leave out most of what it takes
        self._classes = {label: index for index, label in enumerate(model.task.labels)}
        network.config.id2label = dict(enumerate(model.task.labels))
        self._run = make(
            "token-classification",
            model=network,
            tokenizer=model.tokenizer,
            device=model.device,
            batch_size=batch_size,
            ignore_labels=[],
        )

    def predict(self, corpus: Corpus) -> Classes:
        """The classes of the first pieces of all words; words are those between spaces."""
        texts = [" ".join(example.texts[0]) for example in corpus]
        found: Classes = []
        for text, pieces in zip(texts, self._run(texts), strict=True):
            # A piece begins a word where a space stands before its first character.
            begins = {0, *(index + 1 for index, character in enumerate(text) if character == " ")}
            classes = {
                begin: self._classes[piece["entity"]]
                for piece in reversed(pieces)
                for begin in {piece["start"], piece["start"] + 1} & begins
            }
            found.append(np.array([classes.get(begin, 0) for begin in sorted(begins)], np.int16))
        return found
