"""Corpora from where they are published: the toy family, the hub, a folder, the user's own files."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from benchmark.sections import ColumnFiles, HubData, Repository, ToyData
from benchmark.toy.sentences import Family
from uxla.examples import Corpus, Example
from uxla.randomness import generator
from uxla.readers import read_columns
from uxla.tasks import Level, Task

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
    source = data.languages[language]
    file = getattr(source.files, split)
    if isinstance(source, ColumnFiles):
        corpus = read_columns(Path(file), task, language, split=split, encoding=source.encoding)
        return corpus.select(_chosen(len(corpus), data, split, is_source=is_source))
    rows = _rows(data, source, split)
    chosen = _chosen(len(rows), data, split, is_source=is_source)
    return _corpus(rows, chosen, task, language, split, where=f"{source.repository}/{file}")


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
    file = _fetched(source, source.files.train)
    # The hub's client keeps files in a folder of the commit's name.
    return file.parents[len(Path(source.files.train).parts) - 1].name


def _toy(data: ToyData, language: str, split: str) -> Corpus:
    counts = {
        "train": data.world.languages[language].train_sentences,
        "dev": data.dev_sentences,
        "test": data.test_sentences,
    }
    return Family(data.world, data.seed).sentences(language, split=split, count=counts[split])


def _rows(data: HubData, source: Repository, split: str) -> Any:
    """The rows of a split as a `datasets.Dataset`, which knows the names of labels."""
    import datasets
    import pyarrow.parquet as pq

    file = getattr(source.files, split)
    if data.folder:
        path = Path(data.folder).expanduser() / "datasets" / source.repository / file
        if not path.is_file():
            raise ValueError(f"{path}: expected a Parquet file, found none; see profiles.*.data.folder")
    else:
        path = _fetched(source, file)
    try:
        return datasets.Dataset(pq.read_table(path))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a Parquet file ({_short(error)})") from error


def _fetched(source: Repository, file: str) -> Path:
    """Where the hub's client keeps a file; without a network, as it was last fetched."""
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(source.repository, file, repo_type="dataset", revision=source.revision))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{source.repository}/{file} at {source.revision}: cannot be read from the hub "
            f"({_short(error)}); set HF_ENDPOINT, or profiles.*.data.folder to a local copy"
        ) from error


def _short(error: Exception) -> str:
    return shorten(f"{type(error).__name__}: {error}", width=200, placeholder=" ...")


def _chosen(size: int, data: HubData, split: str, *, is_source: bool) -> Sequence[int]:
    """Numbers of the rows to take: of a training split a share, another for source and target.

    They are drawn among all published rows, so that the shares of translations are never parallel.
    """
    if split != "train" or data.train_fraction == 1:
        return range(size)
    count = int(size * data.train_fraction)
    if not count:
        raise ValueError(f"train_fraction must leave one of {size} rows, was: {data.train_fraction}")
    order = generator(data.seed, "subset").permutation(size)
    # The last rows where the share is so large that the two must overlap.
    begin = 0 if is_source else min(count, size - count)
    return sorted(order[begin : begin + count].tolist())


def _corpus(
    rows: Any, numbers: Sequence[int], task: Task, language: str, split: str, *, where: str
) -> Corpus:
    """The rows of the given numbers, which their ids keep."""
    columns = COLUMNS[task.name]
    if missing := set(columns) - set(rows.column_names):
        raise ValueError(f"{where}: expected the columns {', '.join(columns)}, missing: {sorted(missing)}")
    examples, number = [], None
    try:
        order = _order(rows.features[columns[-1]], task)
        for number, row in zip(numbers, rows.select(numbers), strict=True):
            words, classes = _labelled([row[column] for column in columns], order, task)
            if all(words):  # a few published rows have no tokens; they hold nothing to label
                examples.append(Example(f"{language}-{split}-{number:05d}", language, words, classes))
    except ValueError as error:
        place = where if number is None else f"{where} row {number}"
        raise ValueError(f"{place}: {error}") from None
    if not examples:
        raise ValueError(f"{where}: expected at least one sentence, found none")
    return Corpus.of(examples)


def _order(feature: Any, task: Task) -> list[int]:
    """The class of each published number: by name where a ClassLabel has names, else in the task's order."""
    names = getattr(getattr(feature, "feature", feature), "names", None)
    if names is None or all(name.isdecimal() for name in names):  # those of PAWS-X are "0" and "1"
        return list(range(task.n_classes))
    return [task.class_of(name) for name in names]


def _labelled(
    cells: list[Any], order: list[int], task: Task
) -> tuple[tuple[tuple[str, ...], ...], tuple[int, ...]]:
    """Words and classes of a row whose last cell is the label."""
    *texts, label = cells
    words = tuple(tuple(text.split() if isinstance(text, str) else text or ()) for text in texts)
    if not all(isinstance(word, str) for text in words for word in text):
        raise ValueError(f"expected texts, was: {texts}")
    tags = label if isinstance(label, list) else [label]
    expected = len(words[0]) if task.level is Level.WORD else 1
    if len(tags) != expected:
        raise ValueError(f"expected a label for each of {expected}, was: {len(tags)} labels")
    if not all(isinstance(tag, int) and 0 <= tag < len(order) for tag in tags):
        raise ValueError(f"a label must lie in 0 to {len(order) - 1}, was: {label}")
    return words, tuple(order[tag] for tag in tags)


def manifest_entry(corpus: Corpus) -> dict[str, Any]:
    """Size and digest of a corpus."""
    return {"sentences": len(corpus), "sha256": corpus.digest}


def as_json(content: Any) -> str:
    """JSON with sorted keys, the same bytes for the same content."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
