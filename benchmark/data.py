"""The data section of a task: the toy family, published datasets, or files of the user's own."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PositiveInt, Tag

from benchmark.fields import Code, Section
from benchmark.toy.world import ToyWorld


class ToyData(Section):
    """Sentences of the toy family."""

    kind: Literal["toy"]
    seed: int
    """Another seed is another family of languages of the same make."""
    dev_sentences: PositiveInt
    test_sentences: PositiveInt
    train_fraction: Annotated[float, Field(gt=0, le=1)]
    """Share of the training examples: the source's first of one permutation, a target's the next."""
    text_fraction: Annotated[float, Field(gt=0, le=1)]
    """Share of each language's raw text that the masked LM trains on for this task."""
    world: ToyWorld

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages there are."""
        return tuple(self.world.languages)


class SplitFiles(Section):
    """The file of each split."""

    train: str
    dev: str
    test: str

    def in_language(self, language: str) -> "SplitFiles":
        """With the code of a language in the place of `{language}`."""
        return SplitFiles(**{k: v.replace("{language}", language) for k, v in self.model_dump().items()})


class Repository(Section):
    """A dataset on the hub: the Parquet file of each split, at one revision."""

    repository: str
    revision: str
    files: SplitFiles


class ColumnFiles(Section):
    """Files the user brings: a word and its tag a line, an empty line after each sentence."""

    encoding: str
    files: SplitFiles
    dataset: str | None
    """The dataset of the catalogue that they are, whose number of sentences they then must have."""


def _kind_of_entry(entry: Any) -> str:
    if isinstance(entry, (Repository, ColumnFiles)):
        return type(entry).__name__
    if not isinstance(entry, dict):
        return "name"
    return "Repository" if "repository" in entry else "ColumnFiles"


Entry = Annotated[
    Annotated[str, Tag("name")]
    | Annotated[Repository, Tag("Repository")]
    | Annotated[ColumnFiles, Tag("ColumnFiles")],
    Discriminator(_kind_of_entry),
]
"""A dataset of the catalogue by its name, another of the hub, or files of the user's own."""


class HubData(Section):
    """Published datasets, from the hub or from a folder in the hub's layout."""

    kind: Literal["hub"]
    folder: str | None
    """Read `<folder>/datasets/<repository>/<file>` instead of asking the hub."""
    train_fraction: Annotated[float, Field(gt=0, le=1)]
    """As of toy data."""
    seed: int
    """Of that permutation."""
    max_examples: PositiveInt | None
    """Examples of every split that are used, the first ones; null: all."""
    counts: Literal["official", "any"]
    """Whether other numbers of sentences than benchmark/catalogue.yaml has are an error."""
    languages: dict[Code, Entry]

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages there are."""
        return tuple(self.languages)
