"""The lines of sentences on pairs of texts: of XNLI where they are at hand, else of a toy language."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.data import ToyData
from benchmark.settings import read_parameters
from benchmark.speed.outcome import Finding
from benchmark.speed.training import MAX_LENGTH
from benchmark.speed.workload import Workload, published
from benchmark.toy import Family
from uxla.encoding import WordEncoder, encode
from uxla.examples import Corpus
from uxla.tasks import TASKS

TASK = TASKS["xnli"]
LANGUAGE, DATASET = "es", "xnli"


def on_pairs(line: Callable[[Workload], Finding], work: Workload) -> Finding:
    """What a line finds on pairs; its details say of what text they are."""
    pairs = of_pairs(work)
    finding = line(pairs)
    return finding.with_({"details": finding.details | {"text": pairs.described}})


def of_pairs(work: Workload) -> Workload:
    """The workload with pairs in the place of its sentences, and models of their task; `tiny` is of toys."""
    if work.scale.name != "tiny":
        try:
            corpus = published(LANGUAGE, TASK.name, DATASET)
        except ValueError:
            corpus = None
        if corpus is not None:
            return _with(work, LANGUAGE, corpus, f"pairs of {LANGUAGE}, {TASK.title}")
    language, corpus = _toy()
    return _with(work, language, corpus, f"toy pairs of {language}")


def _with(work: Workload, language: str, corpus: Corpus, described: str) -> Workload:
    """Without pairs that training would cut, as a peer cuts them elsewhere."""
    rows = encode(corpus, TASK, WordEncoder(work.tokenizer), max_length=MAX_LENGTH)
    fitting = corpus.select(np.flatnonzero(rows.lengths < MAX_LENGTH).tolist())
    return replace(work, task=TASK, corpora={language: fitting}, described=described)


def _toy() -> tuple[str, Corpus]:
    """A toy language of the smoke profile and pairs of it."""
    data = read_parameters(Path("params.yaml")).profiles["smoke"].tasks[TASK.name].data
    if not isinstance(data, ToyData):
        raise ValueError(f"profiles.smoke.tasks.{TASK.name}.data must be of toy languages, was: of others")
    code, language = next(iter(data.world.languages.items()))
    count = min(400, language.train_sentences)
    return code, Family(data.world, data.seed).pairs(code, task=TASK, split="train", count=count)
