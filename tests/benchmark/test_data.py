"""The data section takes names of datasets, repositories and files, and refuses what is none of them."""

import pytest
from pydantic import ValidationError

from benchmark.data import ColumnFiles, HubData, Repository, SplitFiles

FILES = {"train": "{language}/a", "dev": "{language}/{language}.b", "test": "c"}
WHOLE = {
    "kind": "hub",
    "folder": None,
    "train_fraction": 0.05,
    "seed": 1,
    "max_examples": None,
    "counts": "official",
}


def test_files_are_named_by_their_language() -> None:
    files = SplitFiles.model_validate(FILES).in_language("ur")
    assert (files.train, files.dev, files.test) == ("ur/a", "ur/ur.b", "c")


def test_a_language_is_a_name_a_repository_or_files() -> None:
    languages = {
        "es": "conll2002",
        "en": {"repository": "us/ours", "revision": "main", "files": FILES},
        "de": {"encoding": "latin-1", "files": FILES, "dataset": None},
    }
    data = HubData.model_validate(WHOLE | {"languages": languages})
    assert [type(entry) for entry in data.languages.values()] == [str, Repository, ColumnFiles]


@pytest.mark.parametrize(
    "change",
    [
        {"languages": {"es": 3}},
        {"languages": {"es": {"repository": "us/ours"}}},
        {"languages": {"Spanish": "conll2002"}},
        {"train_fraction": 0},
        {"train_fraction": 1.5},
        {"max_examples": 0},
        {"counts": "some"},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HubData.model_validate(WHOLE | {"languages": {"es": "conll2002"}} | change)
