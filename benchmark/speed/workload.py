"""What is computed: models of random weights in the shape of XLM-R, and sentences to run them on."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from transformers import (
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaForTokenClassification,
)

from benchmark.catalogue import source_of
from benchmark.data import ToyData
from benchmark.datalock import DataLock
from benchmark.fetching import fetch
from benchmark.layout import Layout
from benchmark.rows import read_rows
from benchmark.settings import read_parameters
from benchmark.speed.scales import SCALES, Scale
from benchmark.toy import Family
from uxla.examples import Corpus
from uxla.language_model import MaskedLanguageModel
from uxla.models import TaskModel
from uxla.randomness import torch_seed
from uxla.tasks import TASKS, Task
from uxla.tokenizer import open_tokenizer, train_tokenizer

SEED = 1
TOKENIZER = "FacebookAI/xlm-roberta-large"
DATA = {"es": ("xner", "conll2002"), **dict.fromkeys(("en", "ur", "my"), ("wikiann", "wikiann"))}
"""Languages, the first for all lines but one: the task that has its data, and the dataset."""
ENGLISH = ("en", "xner", "conll2003")
"""The language, task and dataset of which a million vicinal sentences are made."""
_ENGLISH = "en of CoNLL"
LONGEST = 150
"""Words of an example at most: longer ones are not generated from, and peers of labelling would cut them."""


@dataclass(frozen=True)
class Workload:
    """Labelled corpora by language, a tokenizer, and models of a scale's shape on a device."""

    scale: Scale
    device: torch.device
    tokenizer: PreTrainedTokenizerFast
    corpora: Mapping[str, Corpus]
    english: Corpus
    described: str
    task: Task = TASKS["xner"]

    @property
    def corpus(self) -> Corpus:
        """That of the first language."""
        return next(iter(self.corpora.values()))

    def sentences(self, n: int, language: str | None = None) -> Corpus:
        """The first sentences of a language, or of the first."""
        return first(n, self.corpora[language] if language else self.corpus)

    def english_sentences(self, n: int) -> Corpus:
        """Likewise of the English of CoNLL."""
        return first(n, self.english)

    @cached_property
    def small(self) -> "Workload":
        """The same sentences and tokenizer for models of the tiny shape: for what is counted, not timed."""
        shape = SCALES["tiny", "cpu"]
        names = ("layers", "width", "heads", "feed_forward")
        return replace(self, scale=replace(self.scale, **{name: getattr(shape, name) for name in names}))

    @cached_property
    def language_model(self) -> MaskedLanguageModel:
        """A masked LM whose fills depend on their context; few copies are lost if any piece may fill."""
        with torch_seed(SEED, "language model"):
            # Wide enough apart that a fill depends on what stands around it.
            config = self._config(dropout=0.1, initializer_range=self.scale.width**-0.5)
            network = XLMRobertaForMaskedLM(config)
        model = MaskedLanguageModel(network, self.tokenizer)
        with torch.no_grad():
            # Scores have a standard deviation of about 1.
            continues = torch.tensor([bool(text) for text in model.continuations])
            fills = torch.tensor([bool(text) for text in model.words]) | continues
            network.lm_head.bias[continues] = -0.6
            network.lm_head.bias[~fills] = -1000.0
        network.eval()  # type: ignore[no-untyped-call]
        return model.to(self.device)

    def task_model(self, *, dropout: float = 0.1) -> TaskModel:
        """A new model of the task, the same every time."""
        task = self.task
        config = self._config(dropout=dropout)
        config.id2label = dict(enumerate(task.labels))
        config.label2id = {label: index for index, label in enumerate(task.labels)}
        with torch_seed(SEED, "tagger"):
            network = XLMRobertaForTokenClassification(config)
        return TaskModel(network, self.tokenizer, task).to(self.device)

    def _config(self, *, dropout: float, initializer_range: float = 0.02) -> XLMRobertaConfig:
        return XLMRobertaConfig(
            vocab_size=self.scale.vocabulary,
            num_hidden_layers=self.scale.layers,
            hidden_size=self.scale.width,
            num_attention_heads=self.scale.heads,
            intermediate_size=self.scale.feed_forward,
            max_position_embeddings=514,
            type_vocab_size=1,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            initializer_range=initializer_range,
            layer_norm_eps=1e-5,
            bos_token_id=self.tokenizer.bos_token_id,
            pad_token_id=self.tokenizer.pad_token_id,
            eos_token_id=self.tokenizer.eos_token_id,
        )


def first(n: int, corpus: Corpus) -> Corpus:
    """The first sentences of a corpus; again from the start, with other ids, where they are too few."""
    if n <= len(corpus):
        return corpus.select(range(n))
    whole = list(corpus)
    return Corpus.of(replace(whole[i % len(whole)], id=f"{i}-{whole[i % len(whole)].id}") for i in range(n))


def workload(scale: Scale, device: torch.device) -> Workload:
    """Real sentences and the tokenizer of XLM-R where they are at hand, else those of the toy languages.

    The tiny scale is always of toy languages: it runs offline.
    """
    corpora, absent = ({}, []) if scale.name == "tiny" else _real()
    english = corpora.pop(_ENGLISH, None)
    # Without the language of most lines, no line is of real sentences.
    if not corpora or next(iter(corpora)) != next(iter(DATA)):
        corpora, english = _toy(), None
    tokenizer = None if scale.name == "tiny" else _public_tokenizer()
    name = TOKENIZER
    if tokenizer is None:
        # Models have the vocabulary of the scale all the same; texts have none of the ids beyond.
        words = (" ".join(text) for corpus in corpora.values() for e in corpus for text in e.texts)
        tokenizer, name = train_tokenizer(words, vocabulary=1500), "1,500 pieces trained on them"
    described = "; ".join([f"sentences of {', '.join(corpora)}", *absent, f"tokenizer: {name}"])
    return Workload(scale, device, tokenizer, corpora, english or next(iter(corpora.values())), described)


def _real() -> tuple[dict[str, Corpus], list[str]]:
    """The corpora that can be read, and of the others what cannot."""
    corpora, absent = dict[str, Corpus](), []
    wanted = [(language, language, *source) for language, source in DATA.items()]
    for name, language, task, dataset in [*wanted, (_ENGLISH, *ENGLISH)]:
        try:
            corpora[name] = published(language, task, dataset)
        except ValueError as error:
            absent.append(f"{name}: {str(error).split()[0].rstrip(':')} cannot be read")
    return corpora, absent


def _public_tokenizer() -> PreTrainedTokenizerFast | None:
    try:
        return open_tokenizer(TOKENIZER)
    except (OSError, ValueError):
        return None


def published(language: str, task: str, dataset: str) -> Corpus:
    """The labelled training split, as mini has prepared it or else from the hub, without long sentences."""
    prepared = Layout("mini").corpus(task, language, "labelled")
    corpus = Corpus.load(prepared) if prepared.is_file() else _fetched(language, task, dataset)
    return corpus.select([row for row, e in enumerate(corpus) if sum(map(len, e.texts)) <= LONGEST])


def _fetched(language: str, task: str, dataset: str) -> Corpus:
    key = (language, "train")
    source = source_of(dataset, TASKS[task], language)
    with tempfile.TemporaryDirectory() as folder:
        # What is measured here is no result: nothing is recorded in data.lock.json.
        file = fetch({key: source}, folder=None, lock=DataLock(Path(folder) / "data.lock.json"))[key]
    corpus, _ = read_rows(file.path, TASKS[task], language, "train", name=file.name, placeholder=None)
    return corpus


def _toy() -> dict[str, Corpus]:
    """Sentences of toy languages of the smoke profile."""
    data = read_parameters(Path("params.yaml")).profiles["smoke"].tasks["xner"].data
    if not isinstance(data, ToyData):
        raise ValueError("profiles.smoke.tasks.xner.data must be of toy languages, was: of others")
    family = Family(data.world, data.seed)
    return {
        code: family.sentences(code, split="train", count=min(400, language.train_sentences))
        for code, language in list(data.world.languages.items())[: len(DATA)]
    }
