"""Every kind of source gives the same corpora, and what is wrong with one is said with file and row."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from benchmark.sections import ColumnFiles, HubData, Repository, ToyData
from benchmark.settings import read_parameters
from benchmark.sources import COLUMNS, SPLITS, as_json, manifest_entry, read_split, read_text, revision
from tests.benchmark.parameters import PARAMETERS, SHARED, content, put, write
from uxla.examples import Corpus
from uxla.tasks import TASKS

PROFILES = read_parameters(PARAMETERS).profiles
PUBLISHED = SHARED / "data/hub"
SIZES = {"en": (14041, 3250, 3453), "es": (8323, 1915, 1517), "nl": (15806, 2895, 5195)}
"""Sentences of CoNLL-2003 and CoNLL-2002: train, dev, test."""
XNER, XNLI, PAWSX = TASKS["xner"], TASKS["xnli"], TASKS["pawsx"]

published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason=f"no {PUBLISHED}: published data are not at hand"
)


@pytest.fixture(scope="session")
def hub() -> Iterator[str]:
    """The published data behind the protocol of the hub, on a free port of this machine."""
    server = SHARED / "hub/serve.py"
    if not server.is_file():
        pytest.skip(f"no {server}: a hub on this machine is not at hand")
    with subprocess.Popen(
        [sys.executable, server, "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


# --- toy ---


@pytest.fixture(scope="module")
def toy() -> ToyData:
    """The family of the smoke profile."""
    data = PROFILES["smoke"].tasks["xner"].data
    assert isinstance(data, ToyData)
    return data


def test_toy_splits_have_the_sizes_of_params_yaml(toy: ToyData) -> None:
    sizes = [len(read_split(toy, XNER, "qae", split, is_source=False)) for split in SPLITS]
    assert sizes == [100, 200, 1000]


def test_toy_splits_share_no_sentence_id_and_are_labelled(toy: ToyData) -> None:
    corpora = [read_split(toy, XNER, "qae", split, is_source=False) for split in SPLITS]
    assert all(corpus.is_labelled for corpus in corpora)
    for first, second in pairwise(corpora):
        assert set(first.ids).isdisjoint(second.ids)


def test_a_toy_split_is_the_same_whoever_asks(toy: ToyData) -> None:
    one, other = (read_split(toy, XNER, "qae", "train", is_source=flag) for flag in (True, False))
    assert one.digest == other.digest


def test_toy_text_is_raw_and_apart_from_the_training_split(toy: ToyData) -> None:
    few = toy.world.languages["qae"].model_copy(update={"text_sentences": 50})
    world = toy.world.model_copy(update={"languages": {**toy.world.languages, "qae": few}})
    text = read_text(toy.model_copy(update={"world": world}), XNER, "qae")
    assert (len(text), text.is_labelled) == (50, False)
    assert set(text.ids).isdisjoint(read_split(toy, XNER, "qae", "train", is_source=False).ids)


def test_a_toy_family_is_pinned_by_its_seed(toy: ToyData) -> None:
    assert revision(toy, "qab") == "toy family 1"


# --- Parquet files made here ---


class Shelf:
    """A folder in the hub's layout with one repository for every language that is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(
        self, language: str, rows: dict[str, list[Any]], features: Any = None, split: str = "train"
    ) -> None:
        path = self.folder / "datasets" / f"us/{language}" / f"{split}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(datasets.Dataset.from_dict(rows, features=features).data.table, path)

    def data(self, *languages: str, fraction: float = 1.0, seed: int = 1) -> HubData:
        files = {split: f"{split}.parquet" for split in SPLITS}
        return HubData.model_validate(
            {
                "kind": "hub",
                "folder": str(self.folder),
                "train_fraction": fraction,
                "seed": seed,
                "languages": {
                    code: {"repository": f"us/{code}", "revision": "main", "files": files}
                    for code in languages
                },
            }
        )

    def read(self, task: str, language: str = "en", split: str = "train", **others: Any) -> Corpus:
        is_source = others.pop("is_source", True)
        return read_split(self.data(language, **others), TASKS[task], language, split, is_source=is_source)

    def complaint(self, task: str, language: str = "en", **others: Any) -> str:
        """What is said about a file, in one line."""
        with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
            self.read(task, language, **others)
        return str(caught.value)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def names(*labels: str, tokens: bool = True) -> Any:
    """Features of a dataset whose labels have names."""
    label = datasets.ClassLabel(names=list(labels))
    if tokens:
        return datasets.Features(
            {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(label)}
        )
    text = datasets.Value("string")
    return datasets.Features({"sentence1": text, "sentence2": text, "label": label})


def test_numbers_are_labels_in_the_order_of_the_task(shelf: Shelf) -> None:
    shelf.put("en", {"id": ["0"], "tokens": [["Ana", "in", "Rome"]], "ner_tags": [[1, 0, 5]]})
    (example,) = shelf.read("xner")
    assert (example.id, example.language, example.texts) == ("en-train-00000", "en", (("Ana", "in", "Rome"),))
    assert [XNER.labels[c] for c in example.classes or ()] == ["B-PER", "O", "B-LOC"]


def test_named_labels_are_read_by_their_names(shelf: Shelf) -> None:
    """Public files may have their labels in another order than the task."""
    features = names("B-LOC", "O", "I-LOC", "B-PER")
    shelf.put("en", {"tokens": [["Ana", "in", "New", "York"]], "ner_tags": [[3, 1, 0, 2]]}, features)
    (example,) = shelf.read("xner")
    assert [XNER.labels[c] for c in example.classes or ()] == ["B-PER", "O", "B-LOC", "I-LOC"]


def test_names_that_are_numbers_stand_for_the_order_of_the_task(shelf: Shelf) -> None:
    """As in the public files of PAWS-X."""
    rows = {"sentence1": ["a b", "c"], "sentence2": ["b a", "d"], "label": [1, 0]}
    shelf.put("en", rows, names("0", "1", tokens=False))
    assert [[PAWSX.labels[c] for c in e.classes or ()] for e in shelf.read("pawsx")] == [
        ["paraphrase"],
        ["different"],
    ]


def test_an_unknown_name_is_refused_with_its_file(shelf: Shelf) -> None:
    shelf.put("en", {"tokens": [["Ana"]], "ner_tags": [[1]]}, names("O", "B-DATE"))
    assert re.fullmatch(
        r"us/en/train\.parquet: a label of task xner must be one of O, .*, was: 'B-DATE'",
        shelf.complaint("xner"),
    )


def test_pairs_are_two_texts_of_words(shelf: Shelf) -> None:
    shelf.put("en", {"premise": ["A man  sleeps."], "hypothesis": ["He rests."], "label": [0]})
    (example,) = shelf.read("xnli")
    assert example.texts == (("A", "man", "sleeps."), ("He", "rests."))
    assert example.classes == (XNLI.class_of("entailment"),)


def test_rows_without_words_are_passed_over_and_the_others_keep_their_numbers(shelf: Shelf) -> None:
    rows = {"premise": ["a", "", "b", None], "hypothesis": ["x", "y", " ", "z"], "label": [0, 1, 2, 0]}
    rows = {name: [*cells, last] for (name, cells), last in zip(rows.items(), ("c", "w", 1), strict=True)}
    shelf.put("en", rows)
    assert shelf.read("xnli").ids == ["en-train-00000", "en-train-00004"]


@pytest.mark.parametrize(
    ("task", "rows", "expected"),
    [
        (
            "xner",
            {"tokens": [["a"], ["b"]], "ner_tags": [[0], [9]]},
            " row 1: a label must lie in 0 to 8, was: [9]",
        ),
        ("xner", {"tokens": [["a"]], "ner_tags": [[-1]]}, " row 0: a label must lie in 0 to 8, was: [-1]"),
        ("wikiann", {"tokens": [["a"]], "ner_tags": [[7]]}, " row 0: a label must lie in 0 to 6, was: [7]"),
        (
            "xner",
            {"tokens": [["a"], ["b", "c"]], "ner_tags": [[0], [0]]},
            " row 1: expected a label for each of 2, was: 1 labels",
        ),
        ("xner", {"tokens": [["a"]], "ner_tags": [None]}, " row 0: a label must lie in 0 to 8, was: None"),
        (
            "xner",
            {"tokens": [["a", None]], "ner_tags": [[0, 0]]},
            " row 0: expected texts, was: [['a', None]]",
        ),
        ("xner", {"tokens": [[1]], "ner_tags": [[0]]}, " row 0: expected texts, was: [[1]]"),
        (
            "xner",
            {"tokens": [["a"]], "tags": [[0]]},
            ": expected the columns tokens, ner_tags, missing: ['ner_tags']",
        ),
        ("xner", {"tokens": [[]], "ner_tags": [[]]}, ": expected at least one sentence, found none"),
        ("xner", {"tokens": [], "ner_tags": []}, ": expected at least one sentence, found none"),
        (
            "xnli",
            {"premise": ["a"], "hypothesis": ["b"], "label": [3]},
            " row 0: a label must lie in 0 to 2, was: 3",
        ),
        (
            "xnli",
            {"premise": ["a"], "hypothesis": ["b"], "label": [-1]},
            " row 0: a label must lie in 0 to 2, was: -1",
        ),
        (
            "pawsx",
            {"sentence1": ["a"], "sentence2": ["b"], "label": [0.5]},
            " row 0: a label must lie in 0 to 1, was: 0.5",
        ),
        (
            "pawsx",
            {"premise": ["a"], "hypothesis": ["b"], "label": [1]},
            ": expected the columns sentence1, sentence2, label, missing: ['sentence1', 'sentence2']",
        ),
    ],
)
def test_a_bad_row_is_refused_with_file_and_number(
    shelf: Shelf, task: str, rows: dict[str, list[Any]], expected: str
) -> None:
    shelf.put("en", rows)
    assert shelf.complaint(task) == f"us/en/train.parquet{expected}"


def test_what_is_no_parquet_file_is_refused(shelf: Shelf) -> None:
    path = shelf.folder / "datasets/us/en/train.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 and no more")
    assert shelf.complaint("xner").startswith(f"{path}: not a Parquet file (")


def test_a_folder_without_the_file_is_refused(shelf: Shelf) -> None:
    path = shelf.folder / "datasets/us/en/train.parquet"
    assert (
        shelf.complaint("xner") == f"{path}: expected a Parquet file, found none; see profiles.*.data.folder"
    )


# --- shares of the training rows ---


def numbers(corpus: Corpus) -> set[int]:
    return {int(name.rsplit("-", 1)[1]) for name in corpus.ids}


@pytest.fixture
def parallel(shelf: Shelf) -> Shelf:
    """A thousand pairs in two languages, some of which one language has left empty."""
    for language, gaps in {"en": set[int](), "es": set(range(0, 1000, 100))}.items():
        texts = ["" if number in gaps else f"text {number}" for number in range(1000)]
        shelf.put(language, {"premise": texts, "hypothesis": ["x"] * 1000, "label": [0] * 1000})
    return shelf


def test_source_and_target_take_other_rows_so_that_they_are_never_parallel(parallel: Shelf) -> None:
    source = numbers(parallel.read("xnli", "en", fraction=0.05))
    target = numbers(parallel.read("xnli", "es", fraction=0.05, is_source=False))
    assert len(source) == 50
    assert 45 <= len(target) <= 50
    assert source.isdisjoint(target)


def test_half_and_half_are_still_disjoint(parallel: Shelf) -> None:
    source = numbers(parallel.read("xnli", "en", fraction=0.5))
    target = numbers(parallel.read("xnli", "es", fraction=0.5, is_source=False))
    assert source.isdisjoint(target)
    assert len(source | target) >= 990


def test_a_share_is_drawn_by_its_seed_and_keeps_the_order_of_the_rows(parallel: Shelf) -> None:
    first, again, other = (parallel.read("xnli", fraction=0.05, seed=seed) for seed in (1, 1, 2))
    assert first.digest == again.digest
    assert numbers(first) != numbers(other)
    assert first.ids == sorted(first.ids)


def test_a_larger_share_of_the_source_holds_the_smaller(parallel: Shelf) -> None:
    five, ten = (numbers(parallel.read("xnli", fraction=share)) for share in (0.05, 0.1))
    assert five < ten


def test_dev_and_test_are_taken_whole(shelf: Shelf) -> None:
    for split in ("dev", "test"):
        shelf.put("en", {"premise": ["a"] * 40, "hypothesis": ["b"] * 40, "label": [1] * 40}, split=split)
        assert len(shelf.read("xnli", split=split, fraction=0.05)) == 40


def test_a_share_of_no_row_is_refused(shelf: Shelf) -> None:
    shelf.put("en", {"premise": ["a"] * 10, "hypothesis": ["b"] * 10, "label": [1] * 10})
    message = "train_fraction must leave one of 10 rows, was: 0.05"
    assert shelf.complaint("xnli", fraction=0.05) == message


# --- files the user brings ---


def column_data(folder: Path, *, fraction: float = 1.0, prefix: str = "") -> HubData:
    names = {"train": "train", "dev": "testa", "test": "testb"}
    return HubData(
        kind="hub",
        folder=None,
        train_fraction=fraction,
        seed=1,
        languages={
            "ar": ColumnFiles.model_validate(
                {"encoding": "utf-8", "files": {s: str(folder / f"{prefix}{n}") for s, n in names.items()}}
            )
        },
    )


def test_column_files_are_read_where_params_yaml_says(tmp_path: Path) -> None:
    (tmp_path / "testa").write_text("Ana B-PER\nduerme O\n", encoding="utf-8")
    data = column_data(tmp_path)
    (example,) = read_split(data, XNER, "ar", "dev", is_source=False)
    assert (example.id, example.texts) == ("ar-dev-00000", (("Ana", "duerme"),))
    assert revision(data, "ar") == "local files"
    with pytest.raises(ValueError, match=r"/train: expected a column file, found none"):
        read_text(data, XNER, "ar")


def test_a_share_of_a_column_file_is_a_share(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("Ana B-PER\n\n" * 40, encoding="utf-8")
    shares = [
        numbers(read_split(column_data(tmp_path, fraction=0.25), XNER, "ar", "train", is_source=flag))
        for flag in (True, False)
    ]
    assert [len(share) for share in shares] == [10, 10]
    assert shares[0].isdisjoint(shares[1])


@pytest.mark.skipif(not (SHARED / "data/files").is_dir(), reason="the published column files are not at hand")
def test_the_column_files_of_bari_2020_are_read() -> None:
    data = column_data(SHARED / "data/files/bari2020-ar", prefix="ar.")
    corpora = {split: read_split(data, XNER, "ar", split, is_source=False) for split in SPLITS}
    text = (SHARED / "data/files/bari2020-ar/ar.testa").read_text(encoding="utf-8")
    assert len(corpora["dev"]) == len([part for part in re.split(r"\n\s*\n", text) if part.strip()])
    assert sum(len(e.texts[0]) for e in corpora["dev"]) == len([x for x in text.split("\n") if x.strip()])
    for corpus in corpora.values():
        assert {c for classes in corpus.classes for c in classes.tolist()} == set(range(9))


# --- what is published ---


@published
@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_published_pairs_are_read(task: str) -> None:
    section = PROFILES["paper"].tasks[task]
    assert isinstance(section.data, HubData)
    data = section.data.model_copy(update={"folder": str(PUBLISHED)})
    for language in (section.source, *section.languages):
        for split in SPLITS:
            source = data.languages[language]
            assert isinstance(source, Repository)
            file = getattr(source.files, split)
            rows = pq.read_table(PUBLISHED / "datasets" / source.repository / file).to_pylist()
            corpus = read_split(data, TASKS[task], language, split, is_source=language == section.source)
            full = len(rows) if split != "train" else int(len(rows) * 0.05)
            assert 0.99 * full <= len(corpus) <= full
            first, label = next(iter(corpus)), COLUMNS[task][-1]
            row = rows[int(first.id.rsplit("-", 1)[1])]
            assert [" ".join(text) for text in first.texts] == [
                " ".join(row[column].split()) for column in COLUMNS[task][:-1]
            ]
            assert first.classes == (row[label],)


def prepare(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m benchmark prepare mini xner` in a folder, with a cache of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-m", "benchmark", "prepare", "mini", "xner"],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(PARAMETERS.parent), "HF_HOME": str(folder / "hf"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def fetched(hub: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the data of the mini profile were prepared from the hub."""
    folder = tmp_path_factory.mktemp("fetched")
    write(folder / "params.yaml", content())
    done = prepare(folder, HF_ENDPOINT=hub, HF_HUB_DISABLE_XET="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def manifest(folder: Path) -> Any:
    return json.loads((folder / "data/mini/xner/manifest.json").read_text(encoding="utf-8"))


def commit(repository: str) -> str:
    """The commit that the hub on this machine gives: the SHA-1 of all names and blobs."""
    folder, whole = PUBLISHED / "datasets" / repository, hashlib.sha1()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        body = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{blob}\n".encode())
    return whole.hexdigest()


@pytest.mark.slow
def test_the_hub_gives_the_sentences_of_conll(fetched: Path) -> None:
    for language, sizes in SIZES.items():
        parts = zip(("labelled", "dev", "test"), sizes, strict=True)
        for part, size in parts:
            assert len(Corpus.load(fetched / f"data/mini/xner/{language}/{part}.parquet")) == size
        entry = manifest(fetched)[language]
        assert tuple(entry[split]["sentences"] for split in SPLITS) == sizes
        assert entry["text"]["sentences"] == sizes[0]


@pytest.mark.slow
def test_the_manifest_names_the_commit_that_was_served(fetched: Path) -> None:
    revisions = {language: entry["revision"] for language, entry in manifest(fetched).items()}
    conll2002 = commit("eriktks/conll2002")
    assert revisions == {"en": commit("eriktks/conll2003"), "es": conll2002, "nl": conll2002}


@pytest.mark.slow
def test_a_folder_gives_what_the_hub_gives(fetched: Path, tmp_path: Path) -> None:
    whole = content()
    put(whole, "profiles.mini.tasks.xner.data.folder", str(PUBLISHED))
    write(tmp_path / "params.yaml", whole)
    done = prepare(tmp_path, HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stderr) == (0, "")
    expected = {
        language: {**entry, "revision": "local files"} for language, entry in manifest(fetched).items()
    }
    assert manifest(tmp_path) == expected
    for path in sorted((fetched / "data").rglob("*.parquet")):
        assert (tmp_path / path.relative_to(fetched)).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_what_was_fetched_once_needs_no_network(fetched: Path, tmp_path: Path) -> None:
    write(tmp_path / "params.yaml", content())
    done = prepare(tmp_path, HF_HUB_OFFLINE="1", HF_HOME=str(fetched / "hf"))
    assert (done.returncode, done.stderr) == (0, "")
    assert manifest(tmp_path) == manifest(fetched)


@pytest.mark.slow
@pytest.mark.parametrize("way", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_without_a_hub_one_line_says_so_and_nothing_is_written(way: dict[str, str], tmp_path: Path) -> None:
    """The hub's client tries a closed port for some twenty seconds."""
    write(tmp_path / "params.yaml", content())
    done = prepare(tmp_path, **way)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"error: eriktks/conll2003/conll2003/train/0000\.parquet at refs/convert/parquet: "
        r"cannot be read from the hub \(LocalEntryNotFoundError: [^\n]*\); "
        r"set HF_ENDPOINT, or profiles\.\*\.data\.folder to a local copy\n",
        done.stderr,
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_what_the_hub_does_not_have_is_named(hub: str, tmp_path: Path) -> None:
    whole = content()
    put(whole, "profiles.mini.tasks.xner.data.languages.en.repository", "eriktks/conll1999")
    write(tmp_path / "params.yaml", whole)
    done = prepare(tmp_path, HF_ENDPOINT=hub, HF_HUB_DISABLE_XET="1")
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: eriktks/conll1999/\S+ at \S+: cannot be read from the hub \(RepositoryNotFound[^\n]*\n",
        done.stderr,
    )
    assert not (tmp_path / "data").exists()


# --- the manifest ---


def test_a_manifest_entry_changes_with_the_content(xner: Corpus) -> None:
    entry = manifest_entry(xner)
    assert entry == {"sentences": 24, "sha256": xner.digest}
    assert manifest_entry(xner.unlabelled())["sha256"] != entry["sha256"]


def test_the_same_content_gives_the_same_json() -> None:
    assert as_json({"b": "ñ", "a": 1}) == as_json({"a": 1, "b": "ñ"}) == '{\n  "a": 1,\n  "b": "ñ"\n}\n'
