"""The LSTM-CRF of Table 1: a bidirectional LSTM over words and their characters, and a linear-chain CRF.

It is that of Lample et al. (2016), but for word vectors: theirs were pretrained, these begin at random and
are learnt from the labelled sentences alone.
"""

import json
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from uxla.batches import length_buckets, padded
from uxla.crf import Crf
from uxla.devices import send
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.predictions import Predictions
from uxla.randomness import torch_seed
from uxla.tasks import TASKS, Level, Task
from uxla.vocabulary import UNKNOWN, Ints, Sentences, Vocabulary

TOKEN_BUDGET = 8192
"""Words in one batch, padding included; bounds memory, never changes a result."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Size of an LSTM-CRF; each LSTM has so many units in each direction.

    `dropout` is that of the input of the LSTM over words (Lample et al. 2016, section 4.3).
    """

    word_width: int
    character_width: int
    hidden: int
    dropout: float


@dataclass(frozen=True)
class Batch:
    """Padded sentences on a device, the words of which are spelt once each.

    `words` and `places` (n_rows, length) hold ids of words, and rows of `spellings` (n_distinct, longest),
    which holds ids of characters. `attended` (n_rows, length) and `spelt`, of the shape of `spellings`, are
    true where there is something. `classes` (n_rows, length) is 0 elsewhere, and throughout when unlabelled.
    """

    words: torch.Tensor
    places: torch.Tensor
    attended: torch.Tensor
    spellings: torch.Tensor
    spelt: torch.Tensor
    classes: torch.Tensor


class Network(torch.nn.Module):
    """The layers, from ids of words and characters to the CRF."""

    def __init__(self, shape: Shape, *, n_words: int, n_characters: int, n_classes: int) -> None:
        super().__init__()
        self.words = _embedding(n_words, shape.word_width)
        self.characters = _embedding(n_characters, shape.character_width)
        self.speller = _lstm(shape.character_width, shape.character_width)
        self.dropout = torch.nn.Dropout(shape.dropout)
        self.reader = _lstm(shape.word_width + 2 * shape.character_width, shape.hidden)
        self.scorer = torch.nn.Linear(2 * shape.hidden, n_classes)
        self.crf = Crf(n_classes)

    def emissions(self, batch: Batch) -> torch.Tensor:
        """Scores of the classes of each word: (n_rows, length, n_classes)."""
        _, (last, _) = self.speller(_packed(self.characters(batch.spellings), batch.spelt))
        # The last state of either direction: (n_distinct, 2 * character_width).
        spellings = torch.cat([last[0], last[1]], dim=1)
        # Unlike `spellings[batch.places]`, this adds up gradients in the same order every time.
        spelt = torch.nn.functional.embedding(batch.places, spellings)
        features = torch.cat([self.words(batch.words), spelt], dim=2)
        states, _ = self.reader(_packed(self.dropout(features), batch.attended))
        scores: torch.Tensor = self.scorer(pad_packed_sequence(states, batch_first=True)[0])
        return scores

    def loss(self, batch: Batch) -> torch.Tensor:
        """Negative log-probability of a sentence's classes, averaged over the sentences."""
        emissions = self.emissions(batch)
        right = self.crf.score(emissions, batch.attended, batch.classes)
        return (self.crf.log_partition(emissions, batch.attended) - right).mean()


class LstmCrf:
    """The layers, the vocabulary that they read and the task that they learn."""

    def __init__(self, network: Network, vocabulary: Vocabulary, task: Task, shape: Shape) -> None:
        self.network = network
        self.vocabulary = vocabulary
        self.task = task
        self.shape = shape

    @classmethod
    def build(cls, corpus: Corpus, task: Task, shape: Shape, *, seed: int) -> "LstmCrf":
        """A new model with the vocabulary of a corpus, its weights drawn by `seed`.

        Raises:
            ValueError: the task does not label words.
        """
        if task.level is not Level.WORD:
            raise ValueError(f"an LSTM-CRF needs a task that labels words, was: {task.name}")
        return cls._new(Vocabulary.of(corpus), task, shape, seed=seed)

    @classmethod
    def load(cls, path: Path) -> "LstmCrf":
        """Open a folder written by `save`.

        Raises:
            ValueError: there is no LSTM-CRF in the folder.
        """
        try:
            about = json.loads((path / "lstm_crf.json").read_text(encoding="utf-8"))
            vocabulary = Vocabulary(tuple(about["words"]), tuple(about["characters"]))
            model = cls._new(vocabulary, TASKS[about["task"]], Shape(**about["shape"]), seed=0)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: expected an LSTM-CRF with an lstm_crf.json, found none") from error
        model.network.load_state_dict(load_file(path / "model.safetensors"))
        return model

    @classmethod
    def _new(cls, vocabulary: Vocabulary, task: Task, shape: Shape, *, seed: int) -> "LstmCrf":
        n_words, n_characters = len(vocabulary.words) + 1, len(vocabulary.characters) + 1
        with torch_seed(seed, "lstm_crf"):
            network = Network(shape, n_words=n_words, n_characters=n_characters, n_classes=task.n_classes)
        return cls(network.eval(), vocabulary, task, shape)

    def save(self, path: Path) -> None:
        """Write weights, vocabulary, task and shape to a folder that `load` opens, whole or not at all."""
        about = asdict(self.vocabulary) | {"task": self.task.name, "shape": asdict(self.shape)}
        weights = {name: weight.cpu() for name, weight in self.network.state_dict().items()}
        with replacing(path) as temporary:
            temporary.mkdir()
            save_file(weights, temporary / "model.safetensors")
            (temporary / "lstm_crf.json").write_text(json.dumps(about) + "\n", encoding="utf-8")

    def to(self, device: torch.device) -> "LstmCrf":
        """Move the weights to a device."""
        self.network.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.scorer.weight.device

    def predict(self, corpus: Corpus, *, token_budget: int = TOKEN_BUDGET) -> Predictions:
        """Marginal probabilities of the classes of every word.

        The class of a word is its most probable one (posterior decoding), not that in the most probable
        sequence: so ensembles average probabilities as those of the other models do.
        """
        return self.predict_sentences(self.vocabulary.encode(corpus), token_budget=token_budget)

    def predict_sentences(self, sentences: Sentences, *, token_budget: int = TOKEN_BUDGET) -> Predictions:
        """Marginal probabilities for sentences that are encoded already."""
        probabilities = np.zeros((len(sentences.forms), self.task.n_classes), np.float32)
        was_training = self.network.training
        self.network.eval()
        rows = np.flatnonzero(sentences.lengths)
        for bucket in length_buckets(sentences.lengths[rows], token_budget=token_budget):
            batch = collate(sentences, rows[bucket], device=self.device)
            with torch.inference_mode():
                emissions = self.network.emissions(batch)
            marginals = self.network.crf.marginals(emissions, batch.attended)
            where = [np.arange(sentences.starts[row], sentences.starts[row + 1]) for row in rows[bucket]]
            probabilities[np.concatenate(where)] = marginals[batch.attended].cpu().numpy()
        self.network.train(was_training)
        return Predictions(probabilities, sentences.starts)


def collate(sentences: Sentences, chosen: Ints, *, device: torch.device) -> Batch:
    """Pad the chosen sentences, none of them empty, to the longest of them."""
    spans = [slice(*sentences.starts[row : row + 2]) for row in chosen]
    forms = [sentences.forms[span] for span in spans]
    # Each distinct word of the batch is spelt once.
    distinct = np.unique(np.concatenate(forms))
    spellings, spelt = padded([sentences.spellings[f] for f in distinct], padding=UNKNOWN)
    words, attended = padded([sentences.words[row] for row in forms], padding=UNKNOWN)
    places, _ = padded([np.searchsorted(distinct, row) for row in forms], padding=0)
    classes = np.zeros_like(words)
    if len(sentences.classes):
        classes, _ = padded([sentences.classes[span] for span in spans], padding=0)
    return Batch(*(send(a, device) for a in (words, places, attended, spellings, spelt, classes)))


def _embedding(n: int, width: int) -> torch.nn.Embedding:
    """Random vectors with entries of variance 1 / width, as in Lample et al.; the unknown begins at zero."""
    weights = torch.empty(n, width).uniform_(-sqrt(3 / width), sqrt(3 / width))
    weights[UNKNOWN] = 0
    return torch.nn.Embedding(n, width, _weight=weights)


def _lstm(width: int, hidden: int) -> torch.nn.LSTM:
    return torch.nn.LSTM(width, hidden, batch_first=True, bidirectional=True)


def _packed(vectors: torch.Tensor, attended: torch.Tensor) -> PackedSequence:
    return pack_padded_sequence(vectors, attended.sum(1).cpu(), batch_first=True, enforce_sorted=False)
