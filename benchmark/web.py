"""Downloading a file over HTTPS, with retries, resumed where it broke off, whole or not at all."""

import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import platformdirs
import requests
from filelock import FileLock
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

TRIES = 5
TIMEOUT = 30.0
"""Seconds without a byte after which a try is given up."""


def download(url: str) -> Path:
    """Where the file of an address lies, downloaded if it was not yet.

    Files are kept below the user's cache folder (`XDG_CACHE_HOME`). The part of a broken download stays
    beside as `.part`, and the next try, also that of another run, goes on behind it if the server says
    that the file is still the same.

    Raises:
        ValueError: the address cannot be read; nothing stands under the file's name then.
    """
    path = _place(url)
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not path.is_file():
                _fetch(url, path)
    except requests.RequestException as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{url}: cannot be read from the web ({type(error).__name__}: {reason})") from error
    except OSError as error:
        raise ValueError(f"{url}: cannot be kept in {path.parent} ({error})") from error
    return path


def _place(url: str) -> Path:
    parts = urlsplit(url)
    names = parts.path.strip("/").split("/")
    if not parts.netloc or parts.query or {"", ".", ".."} & set(names):
        raise ValueError(f"{url}: expected the address of a file, without '.', '..' and '?'")
    return platformdirs.user_cache_path("uxla").joinpath("web", quote(parts.netloc, safe=""), *names)


def _is_transient(error: BaseException) -> bool:
    """Whether another try may help: no answer, a broken one, or a server in trouble."""
    if isinstance(error, requests.HTTPError):
        status = error.response.status_code if error.response is not None else 0
        return status >= 500 or status == requests.codes.too_many_requests
    # Those that are a ValueError as well say that the address makes no sense.
    return isinstance(error, requests.RequestException) and not isinstance(error, ValueError)


@retry(
    retry=retry_if_exception(_is_transient),
    stop=stop_after_attempt(TRIES),
    wait=wait_exponential(multiplier=0.2, max=10),
    reraise=True,
)
def _fetch(url: str, path: Path) -> None:
    part, version = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.version")
    known = version.read_text(encoding="latin-1") if version.is_file() else ""
    have = part.stat().st_size if known and part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | (
        {"Range": f"bytes={have}-", "If-Range": known} if have else {}
    )
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if have and not _goes_on(answer, have, known):
            part.unlink()
            raise requests.ConnectionError(f"{url}: the file has changed, from the beginning")
        answer.raise_for_status()
        if not have or answer.status_code != requests.codes.partial_content:
            # In this order: whenever it is stopped, no part is taken for one of another version.
            part.unlink(missing_ok=True)
            version.write_text(_version(answer), encoding="latin-1")
        with part.open("ab") as file:
            for chunk in answer.iter_content(2**16):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        size = _size(answer)
    if size not in (None, part.stat().st_size):
        raise requests.ConnectionError(f"{url}: expected {size} bytes, was: {part.stat().st_size}")
    part.replace(path)
    version.unlink()


def _goes_on(answer: requests.Response, have: int, known: str) -> bool:
    """Whether what a server sends for a range may stand behind the part; True for any other answer."""
    if answer.status_code == requests.codes.requested_range_not_satisfiable:
        return False
    if answer.status_code != requests.codes.partial_content:
        return True
    starts = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    return starts and _version(answer) in ("", known)


def _version(answer: requests.Response) -> str:
    """What tells versions of a file apart byte by byte, '' if the server does not say."""
    etag = answer.headers.get("ETag", "")
    return etag if etag.startswith('"') else answer.headers.get("Last-Modified", "")


def _size(answer: requests.Response) -> int | None:
    """Bytes of the whole file, None if the server does not say."""
    if answer.status_code == requests.codes.partial_content:
        whole = re.search(r"/(\d+)$", answer.headers["Content-Range"])
        return int(whole[1]) if whole else None
    length = answer.headers.get("Content-Length")
    return None if length is None else int(length)
