"""Corpora from where they are published: the toy family, the hub, a folder, the user's own files."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.sections import ColumnFiles, HubData, Repository, ToyData
from benchmark.toy.sentences import Family
from uxla.examples import Corpus, Example
from uxla.randomness import generator
from uxla.readers import read_columns
from uxla.tasks import Task

SPLITS = ("train", "dev", "test")

COLUMNS = {
    "xner": ("tokens", "ner_tags"),
    "wikiann": ("tokens", "ner_tags"),
    "xnli": ("premise", "hypothesis", "label"),
    "pawsx": ("sentence1", "sentence2", "label"),
}
"""Columns of the published datasets: the texts, then the label."""


def read_split(data: ToyData | HubData, task: Task, language: str, split: str, *, is_source: bool) -> Corpus:
    """The labelled sentences of one split of one language.

    Raises:
        ValueError: the source is missing or unreachable, or does not hold what the task needs.
    """
    if isinstance(data, ToyData):
        return _toy(data, language, split)
    if language not in data.languages:
        raise ValueError(f"profile data knows the languages {', '.join(data.languages)}, was: {language}")
    source = data.languages[language]
    if isinstance(source, ColumnFiles):
        path = Path(source.files[split])  # type: ignore[index]
        return read_columns(path, task, language, split=split, encoding=source.encoding)
    where = f"{source.repository}/{source.files[split]}"  # type: ignore[index]
    corpus = _corpus(_rows(data, source, split), task, language, split, where=where)
    return _subset(corpus, data, is_source=is_source) if split == "train" else corpus


def read_text(data: ToyData | HubData, task: Task, language: str) -> Corpus:
    """Raw sentences of one language for pretraining: the toy family's own text, else the training split."""
    if isinstance(data, ToyData):
        count = data.world.languages[language].text_sentences
        return Family(data.world, data.seed).sentences(language, split="text", count=count).unlabelled()
    return read_split(data, task, language, "train", is_source=False).unlabelled()


def revision(data: ToyData | HubData, language: str) -> str:
    """What pins the content: the hub's commit, or the seed of a toy family, or where the files are."""
    if isinstance(data, ToyData):
        return f"toy family {data.seed}"
    source = data.languages[language]
    if isinstance(source, ColumnFiles) or data.folder:
        return "local files"
    from huggingface_hub import HfApi

    return str(HfApi().dataset_info(source.repository, revision=source.revision).sha)


def _toy(data: ToyData, language: str, split: str) -> Corpus:
    counts = {
        "train": data.world.languages[language].train_sentences,
        "dev": data.dev_sentences,
        "test": data.test_sentences,
    }
    return Family(data.world, data.seed).sentences(language, split=split, count=counts[split])


def _rows(data: HubData, source: Repository, split: str) -> Any:
    """The rows of a split as a `datasets.Dataset`."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import datasets

    file = source.files[split]  # type: ignore[index]
    try:
        if data.folder:
            path = Path(data.folder).expanduser() / "datasets" / source.repository / file
            if not path.is_file():
                raise ValueError(f"{path}: expected a Parquet file, found none; see profiles.*.data.folder")
            return datasets.load_dataset("parquet", data_files={split: str(path)}, split=split)
        return datasets.load_dataset(
            source.repository, revision=source.revision, data_files={split: file}, split=split
        )
    except (OSError, datasets.exceptions.DatasetsError) as error:
        raise ValueError(
            f"{source.repository}/{file}: cannot be read from the hub ({str(error).splitlines()[0]}); "
            "set HF_ENDPOINT, or profiles.*.data.folder to a local copy"
        ) from error


def _subset(corpus: Corpus, data: HubData, *, is_source: bool) -> Corpus:
    """A share of the training rows; source and target take different ones, so they are never parallel."""
    if data.train_fraction == 1:
        return corpus
    size = int(len(corpus) * data.train_fraction)
    order = generator(data.seed, "subset").permutation(len(corpus))
    # The last rows where the share is so large that the two must overlap.
    begin = 0 if is_source else min(size, len(corpus) - size)
    return corpus.select(np.sort(order[begin : begin + size]))


def _corpus(rows: Any, task: Task, language: str, split: str, *, where: str) -> Corpus:
    """Texts and labels, the labels as ClassLabel or as numbers in the task's order."""
    columns = COLUMNS[task.name]
    if missing := set(columns) - set(rows.column_names):
        raise ValueError(f"{where}: expected the columns {columns}, missing: {sorted(missing)}")
    feature = rows.features[columns[-1]]
    names = getattr(getattr(feature, "feature", feature), "names", None)
    order = [task.class_of(name) for name in names] if names else list(range(task.n_classes))
    examples = list(_examples(rows, columns, order, language=language, split=split, where=where))
    if not examples:
        raise ValueError(f"{where}: expected at least one sentence, found none")
    return Corpus.of(examples)


def _examples(
    rows: Any, columns: tuple[str, ...], order: list[int], *, language: str, split: str, where: str
) -> Iterator[Example]:
    for number, row in enumerate(rows):
        *texts, label = (row[column] for column in columns)
        words = tuple(tuple(text.split() if isinstance(text, str) else text) for text in texts)
        tags = [label] if isinstance(label, int) else label
        if isinstance(label, list) and len(words[0]) != len(tags):
            sizes = f"{len(words[0])} and {len(tags)}"
            raise ValueError(f"{where} row {number}: expected a tag a token, was: {sizes}")
        if not all(tag in range(len(order)) for tag in tags):
            raise ValueError(f"{where} row {number}: a label must lie in 0 to {len(order) - 1}, was: {label}")
        if all(words):  # a few published rows have no tokens; they hold nothing to label
            classes = tuple(order[tag] for tag in tags)
            yield Example(f"{language}-{split}-{number:05d}", language, words, classes)


def manifest_entry(corpus: Corpus) -> dict[str, Any]:
    """Size and digest of a corpus."""
    return {"sentences": len(corpus), "sha256": corpus.digest}


def as_json(content: Any) -> str:
    """JSON with sorted keys, the same bytes for the same content."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
