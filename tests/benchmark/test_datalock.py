"""What is recorded once is compared ever after, whoever else writes; a broken record is refused."""

import hashlib
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmark.datalock import DataLock, sha256
from tests.benchmark.faulty import small_disk

ROOT = Path(__file__).parents[2]
ONE, TWO = hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()


@pytest.fixture
def lock(tmp_path: Path) -> DataLock:
    return DataLock(tmp_path / "data.lock.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.parquet"
    path.write_bytes(b"one")
    return path


def refusal(lock: DataLock, file: Path, commit: str | None) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        lock.verify("us/data", "train.parquet", file, commit=commit)
    return str(caught.value)


def test_a_digest_is_that_of_the_bytes(file: Path) -> None:
    assert sha256(file) == ONE


def test_before_the_first_fetch_no_commit_is_known(lock: DataLock) -> None:
    assert lock.commit("us/data") is None
    assert not lock.path.exists()


def test_the_first_fetch_is_recorded(lock: DataLock, file: Path) -> None:
    lock.verify("us/data", "train.parquet", file, commit="c1")
    assert lock.path.read_text(encoding="utf-8") == (
        '{\n  "us/data": {\n    "commit": "c1",\n    "files": {\n'
        f'      "train.parquet": "{ONE}"\n    }}\n  }}\n}}\n'
    )
    assert lock.commit("us/data") == "c1"


def test_the_same_again_leaves_the_record_alone(lock: DataLock, file: Path) -> None:
    lock.verify("us/data", "train.parquet", file, commit="c1")
    before = lock.path.stat()
    lock.verify("us/data", "train.parquet", file, commit="c1")
    assert (lock.path.stat().st_ino, lock.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_content_is_refused_with_both_digests(lock: DataLock, file: Path) -> None:
    lock.verify("us/data", "train.parquet", file, commit="c1")
    before = lock.path.read_bytes()
    file.write_bytes(b"two")
    assert refusal(lock, file, "c1") == (
        f"us/data/train.parquet: data.lock.json expects SHA-256 {ONE}, was: {TWO} ({file}); "
        "remove the entry if the new content is meant"
    )
    assert lock.path.read_bytes() == before


def test_another_commit_is_refused_with_both(lock: DataLock, file: Path) -> None:
    lock.verify("us/data", "train.parquet", file, commit="c1")
    before = lock.path.read_bytes()
    assert refusal(lock, file, "c2") == (
        "us/data: data.lock.json expects commit c1, the hub gave c2; "
        "remove the entry to take the newer version"
    )
    assert lock.path.read_bytes() == before


def test_a_removed_entry_is_recorded_anew(lock: DataLock, file: Path) -> None:
    lock.verify("us/data", "train.parquet", file, commit="c1")
    lock.path.write_text("{}", encoding="utf-8")
    file.write_bytes(b"two")
    lock.verify("us/data", "train.parquet", file, commit="c2")
    assert json.loads(lock.path.read_bytes()) == {
        "us/data": {"commit": "c2", "files": {"train.parquet": TWO}}
    }


def test_a_place_without_commits_gets_one_when_the_hub_tells(lock: DataLock, file: Path) -> None:
    """As after reading a folder, whose commit nobody knows."""
    lock.verify("us/data", "train.parquet", file, commit=None)
    assert json.loads(lock.path.read_bytes()) == {"us/data": {"files": {"train.parquet": ONE}}}
    lock.verify("us/data", "train.parquet", file, commit="c1")
    assert lock.commit("us/data") == "c1"


def test_places_and_files_are_apart(lock: DataLock, file: Path) -> None:
    lock.verify("us/data", "train.parquet", file, commit="c1")
    file.write_bytes(b"two")
    lock.verify("us/data", "test.parquet", file, commit="c1")
    lock.verify("us/others", "train.parquet", file, commit="c2")
    assert json.loads(lock.path.read_bytes()) == {
        "us/data": {"commit": "c1", "files": {"test.parquet": TWO, "train.parquet": ONE}},
        "us/others": {"commit": "c2", "files": {"train.parquet": TWO}},
    }


# --- broken records ---


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", r"Expecting value: line 1 column 1 \(char 0\)"),
        (b'{"us/data": {"commit": "c1", ', r"Expecting property name [^\n]*"),
        (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n", r"Expecting value: line 1 column 1 \(char 0\)"),
        (b"\xff\xfe{}", r"'utf-8' codec can't decode byte 0xff [^\n]*"),
    ],
)
def test_what_is_no_json_is_refused(lock: DataLock, file: Path, content: bytes, complaint: str) -> None:
    lock.path.write_bytes(content)
    line = rf"{re.escape(str(lock.path))}: not a lock file of data \({complaint}\); restore it from git"
    assert re.fullmatch(line, refusal(lock, file, "c1"))
    with pytest.raises(ValueError, match=f"^{line}$"):
        lock.commit("us/data")
    assert lock.path.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "3",
        '"us/data"',
        '[["us/data", "c1"]]',
        '{"us/data": "c1"}',
        '{"us/data": {"commit": "c1"}}',
        '{"us/data": {"files": ["train.parquet"]}}',
        '{"us/data": {"files": {"train.parquet": 3}}}',
        '{"us/data": {"commit": 1, "files": {}}}',
    ],
)
def test_json_of_another_shape_is_refused_and_kept(lock: DataLock, file: Path, content: str) -> None:
    lock.path.write_text(content, encoding="utf-8")
    line = (
        f"{lock.path}: not a lock file of data (expected a commit and the SHA-256 of files for every place); "
        "restore it from git"
    )
    assert refusal(lock, file, "c1") == line
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        lock.commit("us/data")
    assert lock.path.read_text(encoding="utf-8") == content


def test_a_full_disk_is_named_and_the_old_record_kept(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64k"):
        file = tmp_path / "train.parquet"
        file.write_bytes(b"one")
        lock = DataLock(tmp_path / "disk/data.lock.json")
        lock.verify("us/data", "a.parquet", file, commit="c1")
        before = lock.path.read_bytes()
        # As much as there is room for.
        with (tmp_path / "disk/others").open("wb", buffering=0) as others, pytest.raises(OSError, match="28"):
            while True:
                others.write(bytes(1024))
        with pytest.raises(
            OSError, match=r"^\[Errno 28\] No space left on device: '[^\n]*/data\.lock\.json'$"
        ):
            lock.verify("us/data", "b.parquet", file, commit="c1")
        assert lock.path.read_bytes() == before
        (tmp_path / "disk/others").unlink()
        lock.verify("us/data", "b.parquet", file, commit="c1")
        assert sorted(json.loads(lock.path.read_bytes())["us/data"]["files"]) == ["a.parquet", "b.parquet"]


# --- several at a time ---


def test_threads_lose_no_entry(lock: DataLock, file: Path) -> None:
    names = [f"{i}.parquet" for i in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: lock.verify("us/data", name, file, commit="c1"), names))
    assert json.loads(lock.path.read_bytes()) == {
        "us/data": {"commit": "c1", "files": dict.fromkeys(sorted(names), ONE)}
    }


def test_processes_lose_no_entry_and_a_reader_sees_whole_files(lock: DataLock, file: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from benchmark.datalock import DataLock\n"
        "for i in range(15):\n"
        "    lock = DataLock(Path(sys.argv[1]))\n"
        "    lock.verify(f'us/{sys.argv[3]}', f'{i}.parquet', Path(sys.argv[2]), commit='c1')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, lock.path, file, str(number)], cwd=ROOT)
        for number in range(3)
    ]
    while any(writer.poll() is None for writer in writers):
        assert lock.commit("us/nobody") is None
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert json.loads(lock.path.read_bytes()) == {
        f"us/{number}": {"commit": "c1", "files": {f"{i}.parquet": ONE for i in range(15)}}
        for number in range(3)
    }


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.07])
def test_a_writer_that_is_killed_leaves_a_whole_record(lock: DataLock, file: Path, delay: float) -> None:
    script = (
        "import itertools, sys; from pathlib import Path; from benchmark.datalock import DataLock\n"
        "for i in itertools.count():\n"
        "    DataLock(Path(sys.argv[1])).verify('us/data', str(i), Path(sys.argv[2]), commit='c1')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, lock.path, file], cwd=ROOT) as writer:
        while not lock.path.exists():
            assert writer.poll() is None
        time.sleep(delay)
        writer.kill()
    files = json.loads(lock.path.read_bytes())["us/data"]["files"]
    assert set(files) == {str(i) for i in range(len(files))} and set(files.values()) == {ONE}
    lock.verify("us/data", "train.parquet", file, commit="c1")


def test_of_two_that_differ_the_second_is_refused(lock: DataLock, tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        path.write_bytes(path.name.encode())

    def verify(path: Path) -> str:
        try:
            lock.verify("us/data", "train.parquet", path, commit="c1")
        except ValueError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(verify, paths))
    assert sorted(map(bool, said)) == [False, True]
    assert ONE in max(said) and TWO in max(said)
