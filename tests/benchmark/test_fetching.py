"""What is fetched is what was recorded, from the hub, the web or a folder, and nothing wrong is kept.

The hub's own client asks a server on this machine; every fetch is a process of its own, since the client
reads its environment once. They are forked from one that has imported it already.
"""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmark.catalogue import Kind, Source
from benchmark.data import SplitFiles
from benchmark.datalock import DataLock
from benchmark.fetching import TRIES, Fetched, fetch
from tests.benchmark.faulty import Fault, Hub, Server, serving, small_disk

ROOT = Path(__file__).parents[2]
SPLITS = ("train", "dev", "test")
BODIES = {split: random.Random(split).randbytes(200_000) for split in SPLITS}
OTHER = random.Random(4).randbytes(200_000)
FORKING = """
import json, os, signal, sys, time
from pathlib import Path
import httpx2
from huggingface_hub import errors, hf_hub_download
from benchmark.catalogue import Kind, Source
from benchmark.data import SplitFiles
from benchmark.datalock import DataLock
from benchmark.fetching import fetch

sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.02))  # between tries
for line in sys.stdin:
    order = json.loads(line)
    process = os.fork()
    if process:
        if order["killed_after"] is not None:
            sleep(order["killed_after"])
            os.kill(process, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
        continue
    sources = {
        ("en", split): Source(kind=Kind.HUB, place=order["place"], revision=order["revision"],
            files=SplitFiles(**order["files"]), encoding=None, counts=None, placeholder=None)
        for split in order["splits"]
    }
    try:
        files = fetch(sources, folder=None, lock=DataLock(Path(order["lock"])))
        said = {split: [str(f.path), f.name, f.revision] for (_, split), f in files.items()}
    except ValueError as error:
        said = str(error)
    Path(order["answer"]).write_text(json.dumps(said))
    os._exit(0)
"""


@dataclass
class Client:
    """Processes that share a cache and a hub."""

    process: "subprocess.Popen[str]"
    home: Path

    def run(self, order: dict[str, Any]) -> int:
        """Fetch in a new process; its exit status, negative after a signal."""
        assert self.process.stdin and self.process.stdout
        print(json.dumps(order), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@contextmanager
def client(hub: Hub, home: Path, **environment: str) -> Iterator[Client]:
    whole = os.environ | {
        "HF_HOME": str(home),
        "HF_ENDPOINT": hub.url,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_VERBOSITY": "error",
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-c", FORKING]
    with subprocess.Popen(
        command, cwd=ROOT, env=whole | environment, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Client(process, home)
        assert process.stdin
        process.stdin.close()


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    hub = Hub()
    with serving(hub):
        yield hub


@pytest.fixture(scope="module")
def online(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with client(hub, tmp_path_factory.mktemp("online")) as started:
        yield started


@dataclass
class Case:
    """A dataset of its own on the hub, with an empty cache and an empty record."""

    hub: Hub
    client: Client
    folder: Path
    place: str
    files: SplitFiles
    revision: str = "refs/convert/parquet"
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def lock(self) -> Path:
        return self.folder / "data.lock.json"

    @property
    def cache(self) -> Path:
        return self.client.home / "hub" / f"datasets--{self.place.replace('/', '--')}"

    def put(self, bodies: dict[str, bytes], *, large: bool = True) -> None:
        for split, body in bodies.items():
            self.paths[split] = self.hub.put_file(self.place, getattr(self.files, split), body, large=large)

    def run(self, *splits: str, killed_after: float | None = None) -> int:
        """Exit status of a process that fetches some splits, and is killed after so many seconds."""
        order = {
            "place": self.place,
            "revision": self.revision,
            "files": self.files.model_dump(),
            "splits": splits,
            "lock": str(self.lock),
            "answer": str(self.folder / "answer.json"),
            "killed_after": killed_after,
        }
        return self.client.run(order)

    def said(self, *splits: str) -> Any:
        assert self.run(*splits) == 0
        return json.loads((self.folder / "answer.json").read_bytes())

    def fetch(self, *splits: str) -> dict[str, Fetched]:
        """The files of some splits, which must be there."""
        said = self.said(*splits)
        assert isinstance(said, dict), said
        return {split: Fetched(Path(path), name, rev) for split, (path, name, rev) in said.items()}

    def refusal(self, *splits: str) -> str:
        """What is said where that must fail, in one line."""
        said = self.said(*splits)
        assert isinstance(said, str) and re.fullmatch(r"[^\n]+", said), said
        return said

    def kept(self) -> list[bytes]:
        """Contents of files that the cache would hand out."""
        return sorted(path.read_bytes() for path in self.cache.glob("snapshots/**/*") if path.is_file())

    def record(self) -> Any:
        return json.loads(self.lock.read_bytes()) if self.lock.exists() else {}

    def forget(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self.cache)


@pytest.fixture
def case(request: pytest.FixtureRequest, hub: Hub, online: Client, tmp_path: Path) -> Case:
    name = hashlib.sha1(request.node.name.encode()).hexdigest()[:12]
    files = SplitFiles(**{split: f"en/{split}/0000.parquet" for split in SPLITS})
    case = Case(hub, online, tmp_path, f"us/{name}", files)
    case.put({"train": BODIES["train"]})
    return case


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def git(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


def changed(body: bytes, place: int) -> bytes:
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def recorded(case: Case, *splits: str) -> Any:
    files = {getattr(case.files, split): sha256(BODIES[split]) for split in splits}
    return {case.place: {"commit": "c" * 40, "files": files}}


def unread(case: Case, reason: str, revision: str = "refs/convert/parquet") -> str:
    """The pattern of what is said about a training file that the hub does not give."""
    return (
        rf"{case.place}/en/train/0000\.parquet at {revision}: cannot be read from the hub \({reason}\); "
        r"set HF_ENDPOINT, or profiles\.\*\.data\.folder to a local copy"
    )


# --- the hub ---


@pytest.mark.parametrize("large", [True, False])
def test_the_first_fetch_records_commit_and_digests(case: Case, large: bool) -> None:
    case.put(BODIES, large=large)
    files = case.fetch(*SPLITS)
    assert {split: file.path.read_bytes() for split, file in files.items()} == BODIES
    assert {(file.name, file.revision) for file in files.values()} == {
        (f"{case.place}/en/{split}/0000.parquet", "c" * 40) for split in SPLITS
    }
    assert case.record() == recorded(case, *SPLITS)


def test_the_second_fetch_verifies_and_asks_nobody(case: Case) -> None:
    first = case.fetch("train")
    before = len(case.hub.asked)
    assert case.fetch("train") == first
    assert (len(case.hub.asked), case.record()) == (before, recorded(case, "train"))


def test_an_empty_cache_is_filled_from_the_recorded_commit(case: Case) -> None:
    case.fetch("train")
    case.forget()
    case.revision = "another-branch"
    (file,) = case.fetch("train").values()
    assert (file.path.read_bytes(), file.revision) == (BODIES["train"], "c" * 40)


@pytest.mark.slow
def test_what_was_fetched_once_is_read_offline(case: Case, hub: Hub) -> None:
    first = case.fetch("train")
    with client(hub, case.client.home, HF_HUB_OFFLINE="1") as case.client:
        assert case.fetch("train") == first
        case.lock.unlink()
        assert case.fetch("train") == first
        assert case.record() == recorded(case, "train")
        before = len(hub.asked)
        reason = r"LocalEntryNotFoundError: [^\n]*offline mode[^\n]*HF_HUB_OFFLINE[^\n]*"
        assert re.fullmatch(
            unread(case, reason, "c{40}").replace("train", "test"), case.refusal("train", "test")
        )
        assert len(hub.asked) == before
    assert case.record() == recorded(case, "train")


def test_what_the_hub_does_not_have_is_asked_for_once(case: Case) -> None:
    for split, reason in [
        ("dev", r"RemoteEntryNotFoundError: [^\n]*404[^\n]*"),
        ("test", r"RepositoryNotFoundError: [^\n]*404[^\n]*"),
    ]:
        if split == "test":
            case.place += "-lost"
        assert re.fullmatch(unread(case, reason).replace("train", split), case.refusal(split))
        assert case.hub.count(f"/datasets/{case.place}/en/{split}/0000.parquet", "HEAD") == 1
    assert case.record() == {}


def test_a_name_that_leads_out_of_the_repository_is_refused(case: Case) -> None:
    case.files = SplitFiles(train="../../train.parquet", dev="", test="")
    assert re.fullmatch(
        rf"{case.place}/\.\./\.\./train\.parquet at [^\n]*: cannot be read from the hub \([^\n]*\.\.[^\n]*",
        case.refusal("train"),
    )


# --- other content ---


@pytest.mark.parametrize("large", [True, False])
def test_a_byte_flipped_on_its_way_is_found_on_the_first_fetch(case: Case, large: bool) -> None:
    case.put({"train": BODIES["train"]}, large=large)
    case.hub.fail(case.paths["train"], Fault(flip=77_777))
    digest = sha256 if large else git
    wrong = changed(BODIES["train"], 77_777)
    assert case.refusal("train") == (
        f"{case.place}/en/train/0000.parquet: damaged on its way, "
        f"expected digest {digest(BODIES['train'])}, was: {digest(wrong)}"
    )
    assert (case.kept(), case.record()) == ([], {})
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]
    assert case.record() == recorded(case, "train")


def test_a_byte_that_changes_in_the_cache_is_found(case: Case) -> None:
    path = case.fetch("train")["train"].path.resolve()
    wrong = changed(BODIES["train"], 3)
    path.write_bytes(wrong)
    assert case.refusal("train").endswith(f"expected digest {sha256(BODIES['train'])}, was: {sha256(wrong)}")
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]


def test_other_content_of_the_recorded_commit_is_refused(case: Case) -> None:
    """The hub names it by its own digest, so that only the record can tell."""
    case.fetch("train")
    case.forget()
    case.put({"train": OTHER})
    message = case.refusal("train")
    assert re.fullmatch(
        rf"{case.place}/en/train/0000\.parquet: data\.lock\.json expects SHA-256 {sha256(BODIES['train'])}, "
        rf"was: {sha256(OTHER)} \({case.cache}[^\n]*\); remove the entry if the new content is meant",
        message,
    )
    assert (case.kept(), case.record()) == ([], recorded(case, "train"))
    case.put({"train": BODIES["train"]})
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]


def test_another_commit_than_the_recorded_one_is_refused(
    case: Case, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.put(BODIES)
    case.fetch("train")
    monkeypatch.setattr(hub, "commit", "d" * 40)
    assert case.refusal("train", "dev") == (
        f"{case.place}: data.lock.json expects commit {'c' * 40}, the hub gave {'d' * 40}; "
        "remove the entry to take the newer version"
    )
    assert (case.kept(), case.record()) == ([BODIES["train"]], recorded(case, "train"))


def test_a_broken_record_is_said_before_anything_is_fetched(case: Case) -> None:
    case.lock.write_text("<<<<<<< HEAD")
    assert case.refusal("train").startswith(f"{case.lock}: not a lock file of data (")
    assert case.hub.count(case.paths["train"], "HEAD") == 0


# --- broken connections and servers in trouble ---


def test_an_answer_that_is_cut_is_completed(case: Case) -> None:
    case.hub.fail(case.paths["train"], Fault(cut=50_000), Fault(cut=20_000))
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_connection_torn_down_is_tried_again(case: Case, method: str) -> None:
    case.hub.fail(case.paths["train"], Fault(reset=True), Fault(reset=True), method=method)
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]


def test_a_file_that_comes_shortened_is_fetched_again(case: Case) -> None:
    case.hub.fail(case.paths["train"], Fault(lacks=1000), Fault(lacks=1))
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]
    assert case.hub.count(case.paths["train"]) == 3


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("status", [500, 503])
def test_trouble_that_passes_is_waited_for(case: Case, method: str, status: int) -> None:
    case.hub.fail(case.paths["train"], *[Fault(status=status)] * 3, method=method)
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]
    assert case.hub.count(case.paths["train"], method) == 4


@pytest.mark.parametrize(
    ("method", "fault", "reason", "tries"),
    [
        ("GET", Fault(status=500), r"HfHubHTTPError: [^\n]*500[^\n]*", TRIES),
        (
            "GET",
            Fault(lacks=1),
            r"OSError: Consistency check [^\n]*200000 but has size 199999[^\n]*",
            TRIES,
        ),
        ("GET", Fault(reset=True), r"ReadError: [^\n]*", TRIES),
        # The client itself asks five times again.
        ("GET", Fault(cut=50_000), r"RemoteProtocolError: [^\n]*", 6 * TRIES),
        # And here once more before that.
        ("HEAD", Fault(status=500), r"LocalEntryNotFoundError: [^\n]*500 Internal Server Error[^\n]*", 7),
        ("HEAD", Fault(reset=True), r"ReadError: [^\n]*", TRIES),
    ],
)
def test_trouble_that_stays_is_said_in_one_line_and_nothing_kept(
    case: Case, method: str, fault: Fault, reason: str, tries: int
) -> None:
    case.hub.fail(case.paths["train"], method=method, last=fault)
    assert re.fullmatch(unread(case, reason), case.refusal("train"))
    assert case.hub.count(case.paths["train"], method) == tries
    assert (case.kept(), case.record()) == ([], {})
    case.hub.fail(case.paths["train"], method=method)
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]


def test_of_several_the_first_that_fails_is_named_and_the_others_are_kept(case: Case) -> None:
    case.put(BODIES)
    case.hub.fail(case.paths["train"], Fault(pause=0.1))
    case.hub.fail(case.paths["dev"], Fault(flip=1, pause=0.1))
    case.hub.fail(case.paths["test"], Fault(flip=1))
    assert case.refusal(*SPLITS).startswith(f"{case.place}/en/dev/0000.parquet: damaged on its way")
    assert (case.kept(), case.record()) == ([BODIES["train"]], recorded(case, "train"))


def test_a_slow_hub_is_waited_for(case: Case) -> None:
    case.hub.fail(case.paths["train"], Fault(pause=0.1, piece=40_000))
    case.hub.fail(case.paths["train"], Fault(pause=0.2), method="HEAD")
    assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]
    assert case.hub.count(case.paths["train"]) == 1


# --- ends in the middle ---


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_fetch_killed_at_any_moment_and_repeated_gives_the_same(case: Case, seed: int) -> None:
    case.put(BODIES)
    # One after the other, so that some are there while others are on their way.
    for path, pause in zip(case.paths.values(), (0.02, 0.05, 0.08), strict=True):
        case.hub.fail(path, last=Fault(pause=pause, piece=30_000))
    moments = random.Random(seed)
    for moment in sorted(moments.uniform(0, 0.7) for _ in range(6)):
        status = case.run(*SPLITS, killed_after=moment)
        # The last may be through already.
        assert status in (-signal.SIGKILL, 0)
        assert set(case.kept()) <= set(BODIES.values())
        if record := case.record():
            whole = recorded(case, *SPLITS)[case.place]
            assert record[case.place]["commit"] == whole["commit"]
            assert record[case.place]["files"].items() <= whole["files"].items()
    files = case.fetch(*SPLITS)
    assert {split: file.path.read_bytes() for split, file in files.items()} == BODIES
    assert case.record() == recorded(case, *SPLITS)


def test_a_full_disk_is_said_in_one_line_and_nothing_kept(case: Case) -> None:
    with small_disk(case.cache, "100k"):
        assert re.fullmatch(
            rf"{case.place}/en/train/0000\.parquet at refs/convert/parquet: cannot be kept "
            r"\(OSError: \[Errno 28\] No space left on device\); make room, or set HF_HOME",
            case.refusal("train"),
        )
        assert (case.kept(), case.record()) == ([], {})
        assert not list(case.cache.glob("blobs/*"))
        assert case.hub.count(case.paths["train"]) == 1
        subprocess.run(["mount", "-o", "remount,size=1m", case.cache], check=True)
        assert case.fetch("train")["train"].path.read_bytes() == BODIES["train"]


# --- the web ---


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    with serving(server):
        yield server


def source(kind: Kind, place: str, **files: str) -> Source:
    return Source(
        kind=kind,
        place=place,
        revision="main",
        files=SplitFiles(**{split: f"es/es.{split}" for split in SPLITS} | files),
        encoding="utf-8",
        counts=None,
        placeholder=None,
    )


def one(source: Source, lock: Path, folder: Path | None = None) -> Fetched:
    key = ("es", "train")
    return fetch({key: source}, folder=str(folder) if folder else None, lock=DataLock(lock))[key]


def complaint(source: Source, lock: Path, folder: Path | None = None) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        one(source, lock, folder)
    return str(caught.value)


def test_a_file_of_the_web_is_recorded_without_a_commit(site: Server, tmp_path: Path) -> None:
    url = site.put("/data/es/es.train", b"one")
    place = f"{site.url}/data"
    file = one(source(Kind.WEB, place), tmp_path / "lock.json")
    assert (file.path.read_bytes(), file.name, file.revision) == (b"one", url, place)
    record = {place: {"files": {"es/es.train": sha256(b"one")}}}
    assert json.loads((tmp_path / "lock.json").read_bytes()) == record
    assert one(source(Kind.WEB, place), tmp_path / "lock.json") == file
    assert len(site.asked) == 1


def test_other_content_of_the_web_is_refused_and_not_kept(site: Server, tmp_path: Path) -> None:
    url = site.put("/data/es/es.train", b"one")
    web, lock = source(Kind.WEB, f"{site.url}/data"), tmp_path / "lock.json"
    path = one(web, lock).path
    path.write_bytes(b"two")
    assert complaint(web, lock) == (
        f"{url}: lock.json expects SHA-256 {sha256(b'one')}, was: {sha256(b'two')} ({path}); "
        "remove the entry if the new content is meant"
    )
    assert not path.exists()
    assert one(web, lock).path.read_bytes() == b"one"


def test_a_broken_record_leaves_a_file_of_the_web_where_it_is(site: Server, tmp_path: Path) -> None:
    site.put("/data/es/es.train", b"one")
    web, lock = source(Kind.WEB, f"{site.url}/data"), tmp_path / "lock.json"
    path = one(web, lock).path
    lock.write_text("{")
    assert complaint(web, lock).startswith(f"{lock}: not a lock file of data (")
    assert path.read_bytes() == b"one"


def test_what_the_web_does_not_have_is_named(site: Server, tmp_path: Path) -> None:
    url = f"{site.url}/data/es/es.train"
    assert complaint(source(Kind.WEB, f"{site.url}/data"), tmp_path / "lock.json") == (
        f"{url}: cannot be read from the web (HTTPError: 404 Client Error: Not Found for url: {url})"
    )
    assert not (tmp_path / "lock.json").exists()


# --- a folder ---


FOLDERS = [
    (Kind.HUB, "us/data", "datasets/us/data"),
    (Kind.WEB, "https://example.org/a/ner_data", "files/ner_data"),
]
in_both_layouts = pytest.mark.parametrize(("kind", "place", "below"), FOLDERS)


def lay(tmp_path: Path, below: str, body: bytes) -> Path:
    path = tmp_path / "folder" / below / "es/es.train"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


@in_both_layouts
def test_a_folder_is_read_in_the_layout_of_its_sources(
    tmp_path: Path, kind: Kind, place: str, below: str
) -> None:
    path = lay(tmp_path, below, b"one")
    file = one(source(kind, place), tmp_path / "lock.json", tmp_path / "folder")
    assert asdict(file) == {"path": path, "name": f"{place}/es/es.train", "revision": "local files"}
    record = {place: {"files": {"es/es.train": sha256(b"one")}}}
    assert json.loads((tmp_path / "lock.json").read_bytes()) == record


@in_both_layouts
def test_a_folder_is_verified_and_left_as_it_is(tmp_path: Path, kind: Kind, place: str, below: str) -> None:
    lock = DataLock(tmp_path / "lock.json")
    lock.verify(place, "es/es.train", lay(tmp_path, below, b"one"), commit="c1")
    one(source(kind, place), lock.path, tmp_path / "folder")
    path = lay(tmp_path, below, b"two")
    assert complaint(source(kind, place), lock.path, tmp_path / "folder") == (
        f"{place}/es/es.train: lock.json expects SHA-256 {sha256(b'one')}, was: {sha256(b'two')} ({path}); "
        "remove the entry if the new content is meant"
    )
    assert path.read_bytes() == b"two"
    assert lock.commit(place) == "c1"


@in_both_layouts
def test_a_file_that_a_folder_lacks_is_named(tmp_path: Path, kind: Kind, place: str, below: str) -> None:
    assert complaint(source(kind, place), tmp_path / "lock.json", tmp_path / "folder") == (
        f"{tmp_path}/folder/{below}/es/es.train: expected a data file, found none; see profiles.*.data.folder"
    )


@in_both_layouts
@pytest.mark.parametrize("file", ["../../../../secret", "{tmp}/secret", "es/../../../../../secret"])
def test_a_name_that_leads_outside_is_refused(
    tmp_path: Path, kind: Kind, place: str, below: str, file: str
) -> None:
    file = file.replace("{tmp}", str(tmp_path))
    lay(tmp_path, below, b"one")
    (tmp_path / "secret").write_bytes(b"two")
    message = complaint(source(kind, place, train=file), tmp_path / "lock.json", tmp_path / "folder")
    assert message.startswith(f"{file}: expected a path within {tmp_path}/folder, was: /")
    assert message.endswith("/secret")
    assert not (tmp_path / "lock.json").exists()


def test_links_in_a_folder_may_lead_elsewhere(tmp_path: Path) -> None:
    """As where large files lie on a disk of their own."""
    lay(tmp_path, "elsewhere/us/data", b"one")
    (tmp_path / "large").mkdir()
    shutil.move(tmp_path / "folder/elsewhere", tmp_path / "large/datasets")
    (tmp_path / "folder/datasets").symlink_to(tmp_path / "large/datasets")
    file = one(source(Kind.HUB, "us/data"), tmp_path / "lock.json", tmp_path / "folder")
    assert file.path.read_bytes() == b"one"


def test_own_files_are_neither_recorded_nor_searched_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "es.train"
    own = source(Kind.OWN, "", train=str(path))
    for folder in (None, tmp_path / "folder"):
        assert one(own, tmp_path / "lock.json", folder) == Fetched(path, str(path), "main")
    assert not (tmp_path / "lock.json").exists()
