"""The published datasets that params.yaml may name: benchmark/catalogue.yaml, read and validated."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Self

import yaml
from pydantic import NonNegativeInt, model_validator

from benchmark.data import ColumnFiles, Repository, SplitFiles
from benchmark.fields import Code, Section
from uxla.tasks import Task

PATH = Path(__file__).with_suffix(".yaml")


class Hub(Section):
    """A repository of the hub, at a branch, tag or commit."""

    repository: str
    revision: str


class Counts(Section):
    """Published number of sentences, or of pairs, in each split."""

    train: NonNegativeInt
    dev: NonNegativeInt
    test: NonNegativeInt


class Dataset(Section):
    """One published dataset: of the hub, of a web site, or, with neither, to be brought by the user."""

    title: str
    tasks: tuple[str, ...]
    hub: Hub | None = None
    web: str | None = None
    files: SplitFiles | None
    encoding: str | None = None
    """Of column files; without one they are Parquet."""
    labels: str
    licence: str
    paper: str
    placeholder: str | None = None
    """What a text reads that is missing; examples that have it are left out."""
    sentences: dict[Code, Counts]
    quirks: tuple[str, ...]

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [origin for origin in (self.hub, self.web) if origin is not None]
        if len(origins) > 1 or bool(origins) != (self.files is not None):
            raise ValueError(f"a dataset has a hub or a web address and then files, or none, was: {origins}")
        return self


class Kind(Enum):
    """Who hands out the files of a source."""

    HUB = "hub"
    WEB = "web"
    OWN = "own files"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the splits of one language come from, and what is known of them beforehand.

    `place` is a repository of the hub or a web address, '' for the user's own files. Without
    `encoding` the files are Parquet, and without `counts` nobody knows how much they should hold.
    """

    kind: Kind
    place: str
    revision: str
    files: SplitFiles
    encoding: str | None
    counts: Counts | None
    placeholder: str | None


@cache
def catalogue() -> Mapping[str, Dataset]:
    """All datasets by name."""
    content = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return {name: Dataset.model_validate(entry) for name, entry in content.items()}


def source_of(entry: str | Repository | ColumnFiles, task: Task, language: str) -> Source:
    """What an entry of `data.languages` in params.yaml stands for.

    Raises:
        ValueError: the catalogue has no such dataset, or not for this task, or cannot fetch it.
    """
    if isinstance(entry, Repository):
        return Source(
            kind=Kind.HUB,
            place=entry.repository,
            revision=entry.revision,
            files=entry.files,
            encoding=None,
            counts=None,
            placeholder=None,
        )
    if isinstance(entry, ColumnFiles):
        known = _dataset(entry.dataset, task, language) if entry.dataset else None
        return Source(
            kind=Kind.OWN,
            place="",
            revision="local files",
            files=entry.files,
            encoding=entry.encoding,
            counts=known.sentences.get(language) if known else None,
            placeholder=None,
        )
    return _published(entry, task, language)


def _published(name: str, task: Task, language: str) -> Source:
    dataset = _dataset(name, task, language)
    if dataset.files is None:
        raise ValueError(
            f"data.languages.{language}: {name} cannot be fetched ({dataset.licence}); "
            "give its files as {dataset, encoding, files}"
        )
    return Source(
        kind=Kind.HUB if dataset.hub else Kind.WEB,
        place=dataset.hub.repository if dataset.hub else str(dataset.web),
        revision=dataset.hub.revision if dataset.hub else "",
        files=dataset.files.in_language(language),
        encoding=dataset.encoding,
        counts=dataset.sentences.get(language),
        placeholder=dataset.placeholder,
    )


def _dataset(name: str, task: Task, language: str) -> Dataset:
    known = {key: dataset for key, dataset in catalogue().items() if task.name in dataset.tasks}
    if name not in known:
        raise ValueError(
            f"data.languages.{language} must be one of {', '.join(known)} for {task.name}, was: {name!r}"
        )
    return known[name]
