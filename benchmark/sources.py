"""Corpora from where they are published: the toy family, the hub, the web, a folder, the user's own files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.catalogue import Kind, Source, source_of
from benchmark.data import HubData, ToyData
from benchmark.datalock import DataLock
from benchmark.fetching import Fetched, fetch
from benchmark.rows import Passed, read_rows
from benchmark.subsets import shares
from benchmark.toy.sentences import Family
from uxla.examples import Corpus
from uxla.readers import read_columns
from uxla.tasks import Level, Task

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Reading:
    """One split of one language: its examples, where they come from, and what is not among them.

    `n_outside` counts the examples outside the share and beyond the number that were asked for, `whole` is
    the training split before that.
    """

    corpus: Corpus
    revision: str
    passed: Passed
    n_outside: int = 0
    whole: Corpus | None = None


Readings = dict[str, dict[str, Reading]]
"""By language and split."""


def read_data(data: ToyData | HubData, task: Task, languages: Sequence[str], *, lock: Path) -> Readings:
    """The labelled splits of all languages, the source first; as much of them as was asked for.

    Raises:
        ValueError: a source is missing or unreachable, or does not hold what it should.
    """
    if isinstance(data, ToyData):
        toy = {
            language: {split: _toy(data, task, language, split) for split in SPLITS} for language in languages
        }
        return _shared(toy, data, source=languages[0])
    sources = {language: source_of(data.languages[language], task, language) for language in languages}
    keys = [(language, split) for language in languages for split in SPLITS]
    files = fetch(
        {(lang, split): sources[lang] for lang, split in keys}, folder=data.folder, lock=DataLock(lock)
    )
    readings: Readings = {language: {} for language in languages}
    for language, split in keys:
        reading = _read(files[language, split], sources[language], task, language, split)
        if data.counts == "official":
            _check_count(reading, sources[language], task, split, files[language, split].name)
        readings[language][split] = reading
    return _shared(readings, data, source=languages[0])


def _shared(readings: Readings, data: ToyData | HubData, *, source: str) -> Readings:
    """The readings with as much of them as was asked for."""
    training = {language: splits["train"].corpus for language, splits in readings.items()}
    chosen = shares(training, source=source, fraction=data.train_fraction, seed=data.seed)
    for language, corpus in chosen.items():
        whole = readings[language]["train"]
        readings[language]["train"] = replace(whole, corpus=corpus, whole=whole.corpus)
    most = data.max_examples if isinstance(data, HubData) else None
    return {
        language: {split: _limited(reading, most) for split, reading in splits.items()}
        for language, splits in readings.items()
    }


def toy_split(data: ToyData, task: Task, language: str, split: str) -> Corpus:
    """One labelled split of a toy language."""
    counts = {
        "train": data.world.languages[language].train_sentences,
        "dev": data.dev_sentences,
        "test": data.test_sentences,
    }
    return _toy_corpus(data, task, language, split, counts[split])


def text_of(data: ToyData | HubData, task: Task, language: str, train: Reading) -> Corpus:
    """Raw text of a language to pretrain on: the toy family's own, else the text of the training split."""
    if isinstance(data, ToyData):
        count = max(1, round(data.text_fraction * data.world.languages[language].text_sentences))
        return _toy_corpus(data, task, language, "text", count).unlabelled()
    return _first(train.whole or train.corpus, data.max_examples).unlabelled()


def _toy_corpus(data: ToyData, task: Task, language: str, split: str, count: int) -> Corpus:
    family = Family(data.world, data.seed)
    if task.level is Level.WORD:
        sentences = family.sentences(language, split=split, count=count)
        # Types are in the order of XNER; what a task has no label for is no name in it.
        known = [np.where(classes < task.n_classes, classes, 0) for classes in sentences.classes]
        return sentences.relabelled(known)
    return family.pairs(language, task=task, split=split, count=count)


def _toy(data: ToyData, task: Task, language: str, split: str) -> Reading:
    corpus = toy_split(data, task, language, split)
    return Reading(corpus, f"toy family {data.seed}", Passed(rows=len(corpus)))


def _read(file: Fetched, source: Source, task: Task, language: str, split: str) -> Reading:
    if source.encoding is None:
        corpus, passed = read_rows(
            file.path, task, language, split, name=file.name, placeholder=source.placeholder
        )
        return Reading(corpus, file.revision, passed)
    corpus = read_columns(file.path, task, language, split=split, encoding=source.encoding)
    return Reading(corpus, file.revision, Passed(rows=len(corpus)))


def _limited(reading: Reading, most: int | None) -> Reading:
    """The first examples of a reading, with the number of those that are left out."""
    corpus = _first(reading.corpus, most)
    n_outside = len(reading.whole or reading.corpus) - len(corpus)
    return replace(reading, corpus=corpus, n_outside=n_outside)


def _first(corpus: Corpus, most: int | None) -> Corpus:
    return corpus if most is None else corpus.select(range(min(most, len(corpus))))


def _check_count(reading: Reading, source: Source, task: Task, split: str, name: str) -> None:
    """Compare the number of rows with the published one; rows without words do not count for XNER."""
    if source.counts is None:
        return
    expected = getattr(source.counts, split)
    found = reading.passed.rows - (reading.passed.empty if task.level is Level.WORD else 0)
    if found != expected:
        remedy = (
            "check your files" if source.kind is Kind.OWN else "or set data.counts: any, if that is meant"
        )
        raise ValueError(f"{name}: expected {expected} {split} examples, was: {found}; {remedy}")


def as_json(content: Any) -> str:
    """JSON with sorted keys, the same bytes for the same content."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
