"""Every dataset of the paper is in the catalogue, and an entry of params.yaml leads to its files."""

import pytest

from benchmark.catalogue import Counts, Dataset, Kind, catalogue, source_of
from benchmark.data import ColumnFiles, HubData, Repository
from benchmark.settings import read_parameters
from benchmark.variants import task_of
from tests.benchmark.parameters import PARAMETERS
from uxla.tasks import TASKS

XNER, XNLI, PAWSX = (TASKS[name] for name in ("xner", "xnli", "pawsx"))

OF_THE_PAPER = {
    "xner": {"en", "es", "nl", "de", "ar", "fi"},
    "wikiann": {"en", "ur", "bn", "my"},
    "xnli": {"en", "es", "de", "ar", "sw", "hi", "ur"},
    "pawsx": {"en", "de", "es", "fr", "ja", "ko", "zh"},
}
"""The columns of Tables 1 to 4."""


@pytest.mark.parametrize("task", OF_THE_PAPER)
def test_the_catalogue_has_every_language_of_the_tables(task: str) -> None:
    known = [dataset for dataset in catalogue().values() if task in dataset.tasks]
    assert {code for dataset in known for code in dataset.sentences} == OF_THE_PAPER[task]


def test_datasets_are_of_tasks_that_there_are_and_say_what_they_are() -> None:
    for name, dataset in catalogue().items():
        assert set(dataset.tasks) <= set(TASKS), name
        assert dataset.title
        assert dataset.licence
        assert dataset.paper.startswith("https://")
        assert dataset.quirks


def test_params_yaml_names_datasets_of_the_catalogue() -> None:
    for profile in read_parameters(PARAMETERS).profiles.values():
        for task, section in profile.tasks.items():
            if isinstance(section.data, HubData):
                for language, entry in section.data.languages.items():
                    assert source_of(entry, task_of(task), language).counts is not None


def test_a_name_stands_for_the_files_of_its_language() -> None:
    source = source_of("conll2002", XNER, "nl")
    assert (source.kind, source.place, source.revision) == (
        Kind.HUB,
        "eriktks/conll2002",
        "refs/convert/parquet",
    )
    assert source.files.dev == "nl/validation/0000.parquet"
    assert source.counts == Counts(train=15806, dev=2895, test=5195)
    assert source.encoding is None


def test_what_lies_on_the_web_has_column_files() -> None:
    source = source_of("bari2020", XNER, "fi")
    assert source.kind is Kind.WEB
    assert f"{source.place}/{source.files.test}".endswith("/ner_data/fi/fi.testb.iob2")
    assert source.encoding == "utf-8"


def test_a_language_that_the_catalogue_does_not_list_has_no_counts() -> None:
    source = source_of("xnli", XNLI, "bg")
    assert source.files.train == "bg/train-00000-of-00001.parquet"
    assert source.counts is None


def test_paws_x_has_a_placeholder() -> None:
    assert source_of("pawsx", PAWSX, "ko").placeholder == "NS"
    assert source_of("xnli", XNLI, "es").placeholder is None


def test_a_repository_and_files_of_the_users_own_are_taken_as_they_are() -> None:
    files = {"train": "a", "dev": "b", "test": "c"}
    hub = Repository.model_validate({"repository": "us/ours", "revision": "v1", "files": files})
    assert source_of(hub, XNER, "xx").place == "us/ours"
    whole = {"encoding": "latin-1", "files": files, "dataset": "conll2003_de"}
    own = source_of(ColumnFiles.model_validate(whole), XNER, "de")
    assert (own.kind, own.encoding, own.files.train) == (Kind.OWN, "latin-1", "a")
    assert own.counts == Counts(train=12152, dev=2867, test=3005)


@pytest.mark.parametrize("name", ["conll1999", "xnli", ""])
def test_an_unknown_name_is_refused_with_those_of_the_task(name: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"^data\.languages\.es must be one of conll2003, conll2002, conll2003_de, bari2020 for xner, "
        rf"was: '{name}'$",
    ):
        source_of(name, XNER, "es")


def test_a_dataset_has_one_origin() -> None:
    entry = catalogue()["conll2003"].model_dump()
    with pytest.raises(ValueError, match="a dataset has a hub or a web address and then files, or none"):
        Dataset.model_validate(entry | {"web": "https://example.org"})
    with pytest.raises(ValueError, match="a dataset has a hub or a web address and then files, or none"):
        Dataset.model_validate(entry | {"files": None})
