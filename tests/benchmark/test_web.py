"""A file of the web is there whole or not at all, and is asked for once, however badly the server behaves."""

import errno
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tenacity

from benchmark import web
from benchmark.web import TRIES, download
from tests.benchmark.faulty import Content, Fault, Server, serving, small_disk

ROOT = Path(__file__).parents[2]
BODY = random.Random(1).randbytes(300_000)
"""More than the pieces that are written at a time, so that a broken download leaves a part."""
HALF = Fault(cut=150_000)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server):
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no waiting between tries."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(web._fetch.retry, "wait", tenacity.wait_none())
    return tmp_path / "cache/uxla/web"


def kept(cache: Path) -> dict[str, bytes]:
    """Files below the cache by name, without what only serves the next try."""
    found = {path.name: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    return {name: body for name, body in found.items() if not name.endswith((".lock", ".part", ".version"))}


def refusal(url: str) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        download(url)
    return str(caught.value)


def started(*urls: str) -> list["subprocess.Popen[str]"]:
    """Processes that download one address each, all at once."""
    script = "import sys; from benchmark.web import download; print(download(sys.argv[1]))"
    return [
        subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for url in urls
    ]


# --- once ---


def test_a_file_lies_under_its_address_and_is_asked_for_once(server: Server, cache: Path) -> None:
    url = server.put("/data/es/es.train", BODY)
    path = download(url)
    assert path == cache / f"127.0.0.1%3A{server.server_port}" / "data/es/es.train"
    assert path.read_bytes() == BODY
    assert download(url) == path
    assert server.count("/data/es/es.train") == 1


def test_what_was_downloaded_needs_no_network() -> None:
    server = Server()
    url = server.put("/es.train", BODY)
    with serving(server):
        path = download(url)
    assert download(url) == path
    assert path.read_bytes() == BODY


def test_nothing_but_the_file_is_left_behind(server: Server) -> None:
    server.fail("/es.train", HALF)
    path = download(server.put("/es.train", BODY))
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".es.train.lock", "es.train"]


def test_an_empty_file_is_a_file(server: Server) -> None:
    assert download(server.put("/empty", b"")).read_bytes() == b""


def test_a_server_may_keep_the_length_to_itself(server: Server) -> None:
    server.chunked = True
    server.fail("/es.train", HALF)
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    assert [asked.range is None for asked in server.asked] == [True, False]


@pytest.mark.parametrize("address", ["/../es.train", "/a/../../../es.train", "/", "/es.train?raw=1", "/a//b"])
def test_an_address_that_is_no_name_of_a_file_is_refused(server: Server, cache: Path, address: str) -> None:
    url = server.url + address
    assert refusal(url) == f"{url}: expected the address of a file, without '.', '..' and '?'"
    assert (server.asked, cache.exists()) == ([], False)


# --- broken connections ---


def test_a_broken_download_is_resumed_where_it_broke(server: Server) -> None:
    server.fail("/es.train", HALF, Fault(cut=100_000))
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    first, *others = [asked.range for asked in server.asked]
    starts = [int(re.fullmatch(r"bytes=(\d+)-", value or "")[1]) for value in others]  # type: ignore[index]
    assert first is None
    # What had not yet been written when the connection broke is asked for again.
    assert 2**16 <= starts[0] <= 150_000 and starts[0] < starts[1] <= 250_000


def test_without_ranges_a_broken_download_begins_anew(server: Server) -> None:
    server.ranges = False
    server.fail("/es.train", HALF, HALF)
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    assert server.count("/es.train") == 3


def test_without_a_version_a_broken_download_begins_anew(server: Server) -> None:
    """Nobody could tell whether the rest belongs to the same file."""
    server.files["/es.train"] = Content(BODY)
    server.fail("/es.train", HALF)
    assert download(f"{server.url}/es.train").read_bytes() == BODY
    assert [asked.range for asked in server.asked] == [None, None]


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("size", [300_000, 1_000])
def test_halves_of_two_versions_are_never_joined(server: Server, checks: bool, size: int) -> None:
    """Also if the server does not heed that the rest was asked for on condition."""
    server.checks = checks
    url = server.put("/es.train", BODY)
    server.fail("/es.train", *[HALF] * TRIES)
    server.ranges = False
    refusal(url)
    server.ranges = True
    server.put("/es.train", BODY[::-1][:size])
    assert download(url).read_bytes() == BODY[::-1][:size]
    assert server.asked[TRIES].range is not None


def test_a_part_that_is_the_whole_begins_anew(server: Server) -> None:
    """As after a process was killed just before the file got its name."""
    url = server.put("/es.train", BODY)
    path = download(url)
    path.rename(path.with_name("es.train.part"))
    path.with_name("es.train.version").write_text(server.files["/es.train"].headers["ETag"])
    assert download(url).read_bytes() == BODY


def test_a_part_of_nobody_knows_what_begins_anew(server: Server, cache: Path) -> None:
    url = server.put("/es.train", BODY)
    folder = cache / f"127.0.0.1%3A{server.server_port}"
    folder.mkdir(parents=True)
    (folder / "es.train.part").write_bytes(b"something else")
    assert download(url).read_bytes() == BODY


def test_a_connection_torn_down_is_tried_again(server: Server) -> None:
    server.fail("/es.train", Fault(reset=True), Fault(reset=True))
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY


@pytest.mark.parametrize("ranges", [True, False])
def test_an_answer_that_is_always_cut_is_never_kept(server: Server, cache: Path, ranges: bool) -> None:
    url = server.put("/es.train", BODY)
    server.ranges = ranges
    server.fail("/es.train", last=Fault(cut=50_000))
    assert re.fullmatch(
        rf"{url}: cannot be read from the web \(ChunkedEncodingError: [^\n]*IncompleteRead[^\n]*\)",
        refusal(url),
    )
    assert (server.count("/es.train"), kept(cache)) == (TRIES, {})
    server.fail("/es.train")
    assert download(url).read_bytes() == BODY


def test_without_a_server_one_line_says_so(cache: Path) -> None:
    server = Server()
    url = server.put("/es.train", BODY)
    server.server_close()
    assert re.fullmatch(
        rf"{url}: cannot be read from the web \(ConnectionError: [^\n]*refused[^\n]*\)", refusal(url)
    )
    assert kept(cache) == {}


# --- servers in trouble ---


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_that_passes_is_waited_for(server: Server, status: int) -> None:
    server.fail("/es.train", *[Fault(status=status)] * (TRIES - 1))
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    assert server.count("/es.train") == TRIES


@pytest.mark.parametrize(("status", "said"), [(500, "Server Error: Internal Server"), (503, "Server Error")])
def test_trouble_that_stays_is_said_in_one_line(server: Server, cache: Path, status: int, said: str) -> None:
    url = server.put("/es.train", BODY)
    server.fail("/es.train", last=Fault(status=status))
    assert re.fullmatch(
        rf"{url}: cannot be read from the web \(HTTPError: {status} {said}[^\n]* for url: {url}\)",
        refusal(url),
    )
    assert (server.count("/es.train"), kept(cache)) == (TRIES, {})


def test_trouble_in_the_middle_keeps_the_part(server: Server) -> None:
    server.fail("/es.train", HALF, Fault(status=500), Fault(reset=True))
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    assert len({asked.range for asked in server.asked[1:]}) == 1


def test_what_is_not_there_is_not_asked_for_twice(server: Server, cache: Path) -> None:
    url = f"{server.url}/es.train"
    assert refusal(url) == (
        f"{url}: cannot be read from the web (HTTPError: 404 Client Error: Not Found for url: {url})"
    )
    assert (server.count("/es.train"), kept(cache)) == (1, {})


def test_an_address_of_nothing_on_the_web_is_not_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web._fetch.retry, "wait", tenacity.wait_fixed(60))
    assert re.fullmatch(
        r"ftp://example\.org/es\.train: cannot be read from the web \(InvalidSchema: No connection [^\n]*",
        refusal("ftp://example.org/es.train"),
    )


def test_a_slow_server_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on the time without a byte, not on that of the whole."""
    monkeypatch.setattr(web, "TIMEOUT", 1.0)
    server.fail("/es.train", Fault(pause=0.16, piece=40_000))
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    assert server.count("/es.train") == 1


def test_a_server_that_falls_silent_is_left_and_asked_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TIMEOUT", 0.6)
    server.fail("/es.train", Fault(pause=2.0, piece=200_000))
    assert download(server.put("/es.train", BODY)).read_bytes() == BODY
    assert server.count("/es.train") == 2


# --- ends in the middle ---


@pytest.mark.slow
def test_a_killed_process_leaves_nothing_under_the_name_and_the_next_goes_on(
    server: Server, cache: Path
) -> None:
    url = server.put("/es.train", BODY)
    server.fail("/es.train", last=Fault(pause=0.02, piece=10_000))
    part = cache / f"127.0.0.1%3A{server.server_port}" / "es.train.part"
    for at in (0, 70_000, 200_000):
        (process,) = started(url)
        with process:
            while not (part.is_file() and part.stat().st_size >= at):
                assert process.poll() is None
                time.sleep(0.005)
            process.kill()
        assert kept(cache) == {}
    server.fail("/es.train")
    assert download(url).read_bytes() == BODY
    assert server.asked[-1].range is not None


def test_two_threads_that_want_the_same_ask_once(server: Server) -> None:
    url = server.put("/es.train", BODY)
    server.fail("/es.train", Fault(pause=0.02))
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(download, [url] * 4))
    assert (len(set(paths)), paths[0].read_bytes(), server.count("/es.train")) == (1, BODY, 1)


def test_two_processes_that_want_the_same_ask_once(server: Server) -> None:
    url = server.put("/es.train", BODY)
    server.fail("/es.train", Fault(pause=0.2))
    processes = started(url, url)
    said = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    (path,) = said
    assert (Path(path).read_bytes(), server.count("/es.train")) == (BODY, 1)


def test_of_two_threads_the_second_tries_where_the_first_gave_up(server: Server) -> None:
    url = server.put("/es.train", BODY)
    server.fail("/es.train", *[Fault(status=500, pause=0.05)] * TRIES)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(download, url) for _ in range(2)]
        errors = [job.exception() for job in jobs]
    assert sorted(error is None for error in errors) == [False, True]


def test_a_full_disk_is_said_in_one_line_and_the_next_try_goes_on(server: Server, tmp_path: Path) -> None:
    url = server.put("/es.train", BODY)
    with small_disk(tmp_path / "cache", "160k"):
        assert re.fullmatch(
            rf"{url}: cannot be kept in {tmp_path}/cache/uxla/web/[^\n]*"
            rf" \(\[Errno {errno.ENOSPC}\] No space left on device\)",
            refusal(url),
        )
        assert kept(tmp_path / "cache") == {}
        assert server.count("/es.train") == 1
        subprocess.run(["mount", "-o", "remount,size=1m", tmp_path / "cache"], check=True)
        assert download(url).read_bytes() == BODY
        assert server.asked[-1].range is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="to root nothing is read-only")
def test_a_cache_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    url = server.put("/es.train", BODY)
    assert re.fullmatch(rf"{url}: cannot be kept in [^\n]* \(\[Errno 13\] [^\n]*\)", refusal(url))


def test_a_cache_that_is_a_file_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    url = server.put("/es.train", BODY)
    assert re.fullmatch(
        rf"{url}: cannot be kept in [^\n]* \(\[Errno 20\] Not a directory: [^\n]*\)", refusal(url)
    )
