"""Every kind of source gives the same corpora, and numbers of sentences are held against the published."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from benchmark.catalogue import catalogue
from benchmark.census import census
from benchmark.data import ColumnFiles, HubData, ToyData
from benchmark.rows import COLUMNS, Passed
from benchmark.settings import read_parameters
from benchmark.sources import SPLITS, Readings, as_json, read_data, text_of, toy_split
from tests.benchmark.parameters import PARAMETERS, SHARED, content, put, remove, write
from uxla.examples import Corpus
from uxla.tasks import TASKS

PROFILES = read_parameters(PARAMETERS).profiles
PUBLISHED = SHARED / "data/hub"
SIZES = {"en": (14041, 3250, 3453), "es": (8323, 1915, 1517), "nl": (15806, 2895, 5195)}
"""Sentences of CoNLL-2003 and CoNLL-2002: train, dev, test."""
XNER = TASKS["xner"]

published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason=f"no {PUBLISHED}: published data are not at hand"
)


# --- toy ---


@pytest.fixture(scope="module")
def toy() -> ToyData:
    """The family of the smoke profile."""
    data = PROFILES["smoke"].tasks["xner"].data
    assert isinstance(data, ToyData)
    return data


def test_toy_splits_have_the_sizes_of_params_yaml(toy: ToyData) -> None:
    assert [len(toy_split(toy, XNER, "qae", split)) for split in SPLITS] == [100, 200, 1000]


def test_toy_splits_share_no_sentence_id_and_are_labelled(toy: ToyData) -> None:
    corpora = [toy_split(toy, XNER, "qae", split) for split in SPLITS]
    assert all(corpus.is_labelled for corpus in corpora)
    for first, second in pairwise(corpora):
        assert set(first.ids).isdisjoint(second.ids)


def test_toy_text_is_raw_and_apart_from_the_training_split(toy: ToyData) -> None:
    few = toy.world.languages["qae"].model_copy(update={"text_sentences": 50})
    world = toy.world.model_copy(update={"languages": {**toy.world.languages, "qae": few}})
    train = toy_split(toy, XNER, "qae", "train")
    text = text_of(toy.model_copy(update={"world": world}), XNER, "qae", train)
    assert (len(text), text.is_labelled) == (50, False)
    assert set(text.ids).isdisjoint(train.ids)


@pytest.mark.parametrize(("fraction", "count"), [(0.5, 5000), (0.00001, 1)])
def test_a_task_may_take_a_share_of_the_toy_text(toy: ToyData, fraction: float, count: int) -> None:
    train = toy_split(toy, XNER, "qae", "train")
    text = text_of(toy.model_copy(update={"text_fraction": fraction}), XNER, "qae", train)
    assert len(text) == count


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_tasks_of_pairs_have_toy_data_as_well(toy: ToyData, task: str, tmp_path: Path) -> None:
    readings = read_data(toy, TASKS[task], ["qae"], lock=tmp_path / "lock.json")["qae"]
    assert [len(readings[split].corpus) for split in SPLITS] == [100, 200, 1000]
    (first, *_) = readings["dev"].corpus
    assert (len(first.texts), len(first.classes or ())) == (2, 1)
    few = toy.world.languages["qae"].model_copy(update={"text_sentences": 50})
    world = toy.world.model_copy(update={"languages": {**toy.world.languages, "qae": few}})
    text = text_of(toy.model_copy(update={"world": world}), TASKS[task], "qae", readings["train"].corpus)
    assert (len(text), text.is_labelled) == (50, False)


def test_a_toy_family_is_pinned_by_its_seed(toy: ToyData, tmp_path: Path) -> None:
    readings = read_data(toy, XNER, ["qae"], lock=tmp_path / "lock.json")
    assert {reading.revision for reading in readings["qae"].values()} == {"toy family 1"}
    assert not (tmp_path / "lock.json").exists()


def test_a_task_of_fewer_types_has_the_same_toy_sentences_without_the_others(toy: ToyData) -> None:
    every, few = (toy_split(toy, TASKS[task], "qae", "test") for task in ("xner", "wikiann"))
    assert every.table["texts"].equals(few.table["texts"])
    for classes, known in zip(every.classes, few.classes, strict=True):
        assert known.tolist() == [c if c < 7 else 0 for c in classes]
    assert {TASKS["xner"].labels[c] for classes in every.classes for c in classes if c >= 7} == {
        "B-MISC",
        "I-MISC",
    }


def test_a_share_of_toy_examples_may_be_taken_as_of_others(toy: ToyData, tmp_path: Path) -> None:
    section = toy.model_copy(update={"train_fraction": 0.2})
    readings = read_data(section, XNER, ["qaa", "qae"], lock=tmp_path / "lock.json")
    assert [len(readings["qae"][split].corpus) for split in SPLITS] == [20, 200, 1000]
    assert readings["qae"]["train"].n_outside == 80
    numbers = [
        {name.rsplit("-", 1)[1] for name in readings[code]["train"].corpus.ids} for code in ("qaa", "qae")
    ]
    assert not numbers[0] & numbers[1]


# --- a folder ---


def put_split(folder: Path, repository: str, split: str, rows: dict[str, list[Any]]) -> None:
    """Write one file in the hub's layout."""
    path = folder / "datasets" / repository / f"{split}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(datasets.Dataset.from_dict(rows).data.table, path)


def data(folder: Path | None, languages: dict[str, Any], **others: Any) -> HubData:
    defaults = {"kind": "hub", "train_fraction": 1.0, "seed": 1, "max_examples": None, "counts": "official"}
    whole = defaults | others | {"folder": str(folder) if folder else None, "languages": languages}
    return HubData.model_validate(whole)


def of_us(code: str) -> dict[str, Any]:
    """A repository of our own for a language."""
    files = {split: f"{split}.parquet" for split in SPLITS}
    return {"repository": f"us/{code}", "revision": "main", "files": files}


def read(section: HubData, task: str, *languages: str, lock: Path) -> Readings:
    return read_data(section, TASKS[task], languages, lock=lock)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Forty training pairs and ten of dev and test in two languages, two of them without words."""
    for code in ("en", "es"):
        for split, n in {"train": 40, "dev": 10, "test": 10}.items():
            texts = [f"{code} {split} {i}" for i in range(n)]
            texts[3] = ""
            rows = {"premise": texts, "hypothesis": ["x"] * n, "label": [i % 3 for i in range(n)]}
            put_split(tmp_path / "shelf", f"us/{code}", split, rows)
    return tmp_path / "shelf"


def test_only_training_splits_are_cut_to_their_share(pairs: Path, tmp_path: Path) -> None:
    section = data(pairs, {code: of_us(code) for code in ("en", "es")}, train_fraction=0.25)
    readings = read(section, "xnli", "en", "es", lock=tmp_path / "lock.json")
    for code in ("en", "es"):
        assert [len(readings[code][split].corpus) for split in SPLITS] == [9, 9, 9]
        assert [readings[code][split].n_outside for split in SPLITS] == [30, 0, 0]
        assert readings[code]["train"].passed == Passed(rows=40, empty=1)
    source, target = (
        {name.rsplit("-", 1)[1] for name in readings[code]["train"].corpus.ids} for code in ("en", "es")
    )
    assert source.isdisjoint(target)


def test_of_every_split_no_more_than_the_limit_is_taken_and_nothing_is_lost(
    pairs: Path, tmp_path: Path
) -> None:
    languages = {code: of_us(code) for code in ("en", "es")}
    whole = read(data(pairs, languages), "xnli", "en", "es", lock=tmp_path / "lock.json")
    some = read(data(pairs, languages, max_examples=15), "xnli", "en", "es", lock=tmp_path / "lock.json")
    for code in languages:
        assert [len(some[code][split].corpus) for split in SPLITS] == [15, 9, 9]
        assert some[code]["train"].corpus.ids == whole[code]["train"].corpus.ids[:15]
        assert [some[code][split].n_outside for split in SPLITS] == [24, 0, 0]
        text = text_of(data(pairs, languages, max_examples=15), TASKS["xnli"], code, some[code]["train"])
        assert text.ids == some[code]["train"].corpus.ids
        numbers = census(some[code], TASKS["xnli"])
        assert [numbers[split]["lost"] for split in SPLITS] == [0, 0, 0]


def test_the_limit_is_of_the_share(pairs: Path, tmp_path: Path) -> None:
    languages = {code: of_us(code) for code in ("en", "es")}
    shares = [
        read(
            data(pairs, languages, train_fraction=0.25, max_examples=most),
            "xnli",
            "en",
            "es",
            lock=tmp_path / "lock.json",
        )
        for most in (None, 4)
    ]
    for code in languages:
        share, some = (readings[code]["train"].corpus.ids for readings in shares)
        assert some == share[:4]


def test_what_lies_in_a_folder_is_held_against_the_record_as_well(pairs: Path, tmp_path: Path) -> None:
    section = data(pairs, {"en": of_us("en")})
    read(section, "xnli", "en", lock=tmp_path / "lock.json")
    put_split(pairs, "us/en", "dev", {"premise": ["a"], "hypothesis": ["b"], "label": [0]})
    with pytest.raises(
        ValueError, match=r"^us/en/dev\.parquet: lock\.json expects SHA-256 \w{64}, was: \w{64}"
    ):
        read(section, "xnli", "en", lock=tmp_path / "lock.json")


def test_another_number_of_sentences_than_the_published_is_an_error(tmp_path: Path) -> None:
    rows = {"premise": ["a"], "hypothesis": ["b"], "label": [0]}
    for split in ("train", "validation", "test"):
        put_split(tmp_path, "facebook/xnli", f"es/{split}-00000-of-00001", rows)
    with pytest.raises(
        ValueError,
        match=r"^facebook/xnli/es/train-00000-of-00001\.parquet: expected 392702 train examples, was: 1; "
        r"or set data\.counts: any, if that is meant$",
    ):
        read(data(tmp_path, {"es": "xnli"}), "xnli", "es", lock=tmp_path / "lock.json")
    readings = read(data(tmp_path, {"es": "xnli"}, counts="any"), "xnli", "es", lock=tmp_path / "lock.json")
    assert [len(readings["es"][split].corpus) for split in SPLITS] == [1, 1, 1]


def test_a_further_language_of_a_dataset_is_one_entry(tmp_path: Path) -> None:
    """What the catalogue has no numbers for is taken as it is."""
    for split in ("train", "validation", "test"):
        rows = {"tokens": [["Oslo"]], "ner_tags": [[5]]}
        put_split(tmp_path, "unimelb-nlp/wikiann", f"no/{split}-00000-of-00001", rows)
    readings = read(data(tmp_path, {"no": "wikiann"}), "wikiann", "no", lock=tmp_path / "lock.json")
    assert readings["no"]["dev"].corpus.ids == ["no-dev-00000"]


# --- files the user brings ---


def own(
    folder: Path, *, prefix: str = "", encoding: str = "utf-8", dataset: str | None = None
) -> ColumnFiles:
    names = {"train": "train", "dev": "testa", "test": "testb"}
    files = {split: str(folder / f"{prefix}{name}") for split, name in names.items()}
    return ColumnFiles.model_validate({"encoding": encoding, "files": files, "dataset": dataset})


GERMAN = """-DOCSTART- -X- -X- -X- O

Die d ART I-NC O
Kölner Köln NN I-NC I-ORG
Grünen Grüne NN I-NC I-ORG
in in APPR I-PC O
Köln Köln NE I-PC I-LOC
. . $. O O

"""


def test_german_column_files_are_read_as_the_licensed_data_are(tmp_path: Path) -> None:
    """Five columns, Latin-1, IOB1, document lines, line ends of Windows."""
    for name in ("train", "testa", "testb"):
        (tmp_path / f"deu.{name}").write_bytes(GERMAN.replace("\n", "\r\n").encode("latin-1"))
    section = data(None, {"de": own(tmp_path, prefix="deu.", encoding="latin-1")})
    (example,) = read(section, "xner", "de", lock=tmp_path / "lock.json")["de"]["dev"].corpus
    assert example.texts == (("Die", "Kölner", "Grünen", "in", "Köln", "."),)
    assert [XNER.labels[c] for c in example.classes or ()] == ["O", "B-ORG", "I-ORG", "O", "B-LOC", "O"]
    official = data(None, {"de": own(tmp_path, prefix="deu.", encoding="latin-1", dataset="conll2003_de")})
    with pytest.raises(
        ValueError, match=r"deu\.train: expected 12152 train examples, was: 1; check your files$"
    ):
        read(official, "xner", "de", lock=tmp_path / "lock.json")


def test_licensed_data_that_nobody_brought_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"^data\.languages\.de: conll2003_de cannot be fetched \(ECI Multilingual Text Corpus, .*\); "
        r"give its files as \{dataset, encoding, files\}$",
    ):
        read(data(None, {"de": "conll2003_de"}), "xner", "de", lock=tmp_path / "lock.json")


def test_a_missing_file_of_the_users_own_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"/train: expected a column file, found none"):
        read(data(None, {"ar": own(tmp_path)}), "xner", "ar", lock=tmp_path / "lock.json")


@pytest.mark.skipif(not (SHARED / "data/files").is_dir(), reason="the published column files are not at hand")
@pytest.mark.parametrize("code", ["ar", "fi"])
def test_the_column_files_of_bari_2020_have_the_published_numbers(code: str, tmp_path: Path) -> None:
    folder = SHARED / f"data/files/bari2020-{code}"
    section = data(None, {code: own(folder, prefix=f"{code}.", dataset="bari2020")})
    readings = read(section, "xner", code, lock=tmp_path / "lock.json")[code]
    for split, name in {"train": "train", "dev": "testa", "test": "testb"}.items():
        text = (folder / f"{code}.{name}").read_text(encoding="utf-8")
        words = sum(len(example.texts[0]) for example in readings[split].corpus)
        assert words == len([line for line in text.split("\n") if line.strip()])


# --- what is published ---


@published
@pytest.mark.parametrize(
    ("name", "task"), [("conll2002", "xner"), ("wikiann", "wikiann"), ("xnli", "xnli"), ("pawsx", "pawsx")]
)
def test_published_datasets_are_read_row_for_row(name: str, task: str, tmp_path: Path) -> None:
    """Their training sets are parts of the official ones, so the numbers are not held against those."""
    dataset = catalogue()[name]
    assert dataset.hub
    assert dataset.files
    root = PUBLISHED / "datasets" / dataset.hub.repository
    for code in sorted(path.name for path in root.iterdir() if path.is_dir()):
        readings = read(data(PUBLISHED, {code: name}, counts="any"), task, code, lock=tmp_path / "l.json")
        for split, reading in readings[code].items():
            rows = pq.read_table(root / getattr(dataset.files.in_language(code), split)).to_pylist()
            assert reading.passed.rows == len(rows)
            assert len(reading.corpus) + reading.passed.empty + reading.passed.placeholders == len(rows)
            *texts, label = COLUMNS[task]
            kept = [
                row
                for row in rows
                if all(row[t] and row[t] != "NS" for t in texts)
                or (task != "pawsx" and all(row[t] for t in texts))
            ]
            for row, example in list(zip(kept, reading.corpus, strict=True))[::97]:
                read_as = [row[t] if isinstance(row[t], list) else row[t].split() for t in texts]
                assert [list(text) for text in example.texts] == read_as
                labels = row[label] if isinstance(row[label], list) else [row[label]]
                assert list(example.classes or ()) == labels


PAWSX_DEV = {"de": 1932, "es": 1962, "fr": 1992, "zh": 1984}
"""Pairs of the dev set without placeholders, as its authors count them."""


@published
@pytest.mark.parametrize("code", PAWSX_DEV)
def test_without_placeholders_paws_x_has_the_pairs_that_its_authors_count(code: str, tmp_path: Path) -> None:
    """The copies at hand cut the dev set in two."""
    section = data(PUBLISHED, {code: "pawsx"}, counts="any")
    readings = read(section, "pawsx", code, lock=tmp_path / "lock.json")[code]
    assert len(readings["train"].corpus) + len(readings["dev"].corpus) == PAWSX_DEV[code]


# --- the hub ---


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


def of_the_hub() -> Any:
    """params.yaml with the languages of mini's XNER that are on the hub: the others come from the web."""
    whole = content()
    for section in ("data.languages", "targets"):
        for code in ("ar", "fi"):
            remove(whole, f"profiles.mini.tasks.xner.{section}.{code}")
    put(whole, "profiles.mini.tasks.xner.languages", ["es", "nl"])
    return whole


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
    write(folder / "params.yaml", of_the_hub())
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


EVERYTHING = """
import hashlib, json, sys
from pathlib import Path
from benchmark.catalogue import catalogue, source_of
from benchmark.datalock import DataLock
from benchmark.fetching import fetch
from uxla.tasks import TASKS

sources = {}
for name, dataset in catalogue().items():
    held = Path(sys.argv[1]) / "datasets" / dataset.hub.repository if dataset.hub else Path("nowhere")
    for code in dataset.sentences:
        if not held.is_dir() or (len(dataset.sentences) > 1 and not (held / code).is_dir()):
            continue
        for split in ("train", "dev", "test"):
            sources[f"{name}/{code}", split] = source_of(name, TASKS[dataset.tasks[0]], code)
files = fetch(sources, folder=None, lock=DataLock(Path("data.lock.json")))
for file in files.values():
    print(file.name, hashlib.sha256(file.path.read_bytes()).hexdigest())
"""
"""Fetches all that the catalogue has and a folder in the hub's layout holds."""


@pytest.mark.slow
def test_every_file_of_the_hub_is_fetched_as_it_is_and_again_without_a_network(
    hub: str, tmp_path: Path
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    clean |= {"PYTHONPATH": str(PARAMETERS.parent), "HF_HOME": str(tmp_path / "hf")}
    expected = {
        path.relative_to(PUBLISHED / "datasets").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (PUBLISHED / "datasets").rglob("*.parquet")
    }
    for way in ({"HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1"}, {"HF_HUB_OFFLINE": "1"}):
        done = subprocess.run(
            [sys.executable, "-c", EVERYTHING, str(PUBLISHED)],
            cwd=tmp_path,
            env=clean | way,
            capture_output=True,
            text=True,
            check=True,
        )
        assert dict(line.split() for line in done.stdout.splitlines()) == expected


@pytest.mark.slow
def test_the_hub_gives_the_sentences_of_conll(fetched: Path) -> None:
    for language, sizes in SIZES.items():
        parts = zip(("labelled", "dev", "test"), sizes, strict=True)
        for part, size in parts:
            assert len(Corpus.load(fetched / f"data/mini/xner/{language}/{part}.parquet")) == size
        assert len(Corpus.load(fetched / f"data/mini/text/xner/{language}.parquet")) == sizes[0]
        entry = manifest(fetched)[language]
        assert tuple(entry[split]["sentences"] for split in SPLITS) == sizes
        assert [entry[split]["lost"] for split in SPLITS] == [0, 0, 0]


@pytest.mark.slow
def test_the_manifest_names_the_commit_that_was_served(fetched: Path) -> None:
    revisions = {language: entry["test"]["revision"] for language, entry in manifest(fetched).items()}
    conll2002 = commit("eriktks/conll2002")
    assert revisions == {"en": commit("eriktks/conll2003"), "es": conll2002, "nl": conll2002}


@pytest.mark.slow
def test_the_first_fetch_records_commits_and_digests(fetched: Path) -> None:
    record = json.loads((fetched / "data.lock.json").read_text(encoding="utf-8"))
    assert {place: entry["commit"] for place, entry in record.items()} == {
        place: commit(place) for place in ("eriktks/conll2002", "eriktks/conll2003")
    }
    for place, entry in record.items():
        for file, digest in entry["files"].items():
            whole = (PUBLISHED / "datasets" / place / file).read_bytes()
            assert digest == hashlib.sha256(whole).hexdigest()


@pytest.mark.slow
def test_a_folder_gives_what_the_hub_gives(fetched: Path, tmp_path: Path) -> None:
    whole = of_the_hub()
    put(whole, "profiles.mini.tasks.xner.data.folder", str(PUBLISHED))
    write(tmp_path / "params.yaml", whole)
    done = prepare(tmp_path, HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stderr) == (0, "")
    expected = {
        language: {split: {**entry, "revision": "local files"} for split, entry in splits.items()}
        for language, splits in manifest(fetched).items()
    }
    assert manifest(tmp_path) == expected
    for path in sorted((fetched / "data").rglob("*.parquet")):
        assert (tmp_path / path.relative_to(fetched)).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_what_was_fetched_once_needs_no_network(fetched: Path, tmp_path: Path) -> None:
    write(tmp_path / "params.yaml", of_the_hub())
    done = prepare(tmp_path, HF_HUB_OFFLINE="1", HF_HOME=str(fetched / "hf"))
    assert (done.returncode, done.stderr) == (0, "")
    assert manifest(tmp_path) == manifest(fetched)


@pytest.mark.slow
def test_without_a_hub_one_line_says_so_and_nothing_is_written(tmp_path: Path) -> None:
    """Side by side, as the hub's client tries a closed port for some twenty seconds."""
    ways = {"offline": {"HF_HUB_OFFLINE": "1"}, "closed": {"HF_ENDPOINT": "http://127.0.0.1:9"}}
    for name in ways:
        (tmp_path / name).mkdir()
        write(tmp_path / name / "params.yaml", of_the_hub())
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(prepare, tmp_path / name, **way) for name, way in ways.items()]
    for name, job in zip(ways, jobs, strict=True):
        done = job.result()
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(
            r"error: eriktks/conll2003/conll2003/train/0000\.parquet at refs/convert/parquet: "
            r"cannot be read from the hub \(LocalEntryNotFoundError: [^\n]*\); "
            r"set HF_ENDPOINT, or profiles\.\*\.data\.folder to a local copy\n",
            done.stderr,
        )
        assert not (tmp_path / name / "data").exists()


@pytest.mark.slow
def test_what_the_hub_does_not_have_is_named(hub: str, tmp_path: Path) -> None:
    whole = of_the_hub()
    files = {"train": "a.parquet", "dev": "b.parquet", "test": "c.parquet"}
    missing = {"repository": "eriktks/conll1999", "revision": "main", "files": files}
    put(whole, "profiles.mini.tasks.xner.data.languages.en", missing)
    write(tmp_path / "params.yaml", whole)
    done = prepare(tmp_path, HF_ENDPOINT=hub, HF_HUB_DISABLE_XET="1")
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: eriktks/conll1999/\S+ at \S+: cannot be read from the hub \(RepositoryNotFound[^\n]*\n",
        done.stderr,
    )
    assert not (tmp_path / "data").exists()


def test_the_same_content_gives_the_same_json() -> None:
    assert as_json({"b": "ñ", "a": 1}) == as_json({"a": 1, "b": "ñ"}) == '{\n  "a": 1,\n  "b": "ñ"\n}\n'
