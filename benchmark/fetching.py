"""Files of published datasets: from the hub, the web or a folder, verified against data.lock.json."""

import errno
import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

from benchmark.catalogue import Kind, Source
from benchmark.datalock import DataLock, sha256
from benchmark.progress import bar
from benchmark.web import download

PARALLEL = 4
TRIES = 4


@dataclass(frozen=True)
class Fetched:
    """A file at hand: where it lies, what messages call it, and the commit it is of, if any."""

    path: Path
    name: str
    revision: str


Key = tuple[str, str]
"""A language and a split."""


def fetch(sources: Mapping[Key, Source], *, folder: str | None, lock: DataLock) -> dict[Key, Fetched]:
    """The file of every language and split, several at a time.

    Args:
        sources: where each comes from.
        folder: read the hub's and the web's files from a folder of this layout instead:
            `<folder>/datasets/<repository>/<file>` and `<folder>/files/<last part of the address>/<file>`.
        lock: what earlier fetches brought.

    Raises:
        ValueError: a file is missing, unreachable, damaged or another than the recorded one; of
            several the first in the order of `sources`. What is wrong is not kept.
        OSError: the record cannot be written.
    """
    with ThreadPoolExecutor(PARALLEL) as pool:

        def stop(job: Future[Fetched]) -> None:
            # Called by the thread of the job, before that begins another.
            if not job.cancelled() and job.exception():
                pool.shutdown(wait=False, cancel_futures=True)

        jobs = {
            (language, split): pool.submit(_one, source, split, folder, lock)
            for (language, split), source in sources.items()
        }
        for job in jobs.values():
            job.add_done_callback(stop)
        for job in bar(as_completed(jobs.values()), "fetch", total=len(jobs)):
            if job.exception():
                break  # those that were cancelled never come
    for job in jobs.values():
        if not job.cancelled() and (error := job.exception()):
            raise error
    return {key: job.result() for key, job in jobs.items()}


def _one(source: Source, split: str, folder: str | None, lock: DataLock) -> Fetched:
    file = str(getattr(source.files, split))
    if source.kind is Kind.OWN:
        return Fetched(Path(file).expanduser(), file, source.revision)
    name = f"{source.place}/{file}"
    # Before anything is fetched, so that a broken record does not put the blame on a file.
    commit = lock.commit(source.place)
    if folder:
        path = _in_folder(Path(folder).expanduser(), source, file)
        lock.verify(source.place, file, path, commit=commit)
        return Fetched(path, name, "local files")
    if source.kind is Kind.WEB:
        path = download(name)
        _verified(lambda: lock.verify(source.place, file, path, commit=None), path)
        return Fetched(path, name, source.place)
    return _from_hub(source, file, lock, commit or source.revision)


def _in_folder(folder: Path, source: Source, file: str) -> Path:
    root = folder / "datasets" / source.place
    if source.kind is Kind.WEB:
        root = folder / "files" / source.place.rsplit("/", 1)[-1]
    # By name: where the user's own links lead is the user's business.
    path = Path(os.path.normpath(root / file))
    if not path.is_relative_to(os.path.normpath(folder)):
        raise ValueError(f"{file}: expected a path within {folder}, was: {path}")
    if not path.is_file():
        raise ValueError(f"{path}: expected a data file, found none; see profiles.*.data.folder")
    return path


def _from_hub(source: Source, file: str, lock: DataLock, revision: str) -> Fetched:
    """A file of the hub at the recorded commit, else at that of the revision now."""
    path = _hub_file(source, file, revision)
    # The hub's client keeps files in a folder of the commit's name, as links to blobs named by digest.
    served = path.parents[len(Path(file).parts) - 1].name

    def check() -> None:
        _refuse_damage(f"{source.place}/{file}", path)
        lock.verify(source.place, file, path, commit=served)

    _verified(check, path)
    return Fetched(path, f"{source.place}/{file}", served)


def _hub_file(source: Source, file: str, revision: str) -> Path:
    import httpx2

    name = f"{source.place}/{file} at {revision}"
    try:
        return _ask_hub(source, file, revision)
    except (OSError, ValueError, httpx2.HTTPError) as error:
        reason = _reason(error)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ValueError(f"{name}: cannot be kept ({reason}); make room, or set HF_HOME") from error
        raise ValueError(
            f"{name}: cannot be read from the hub ({reason}); "
            "set HF_ENDPOINT, or profiles.*.data.folder to a local copy"
        ) from error


def _is_transient(error: BaseException) -> bool:
    """Whether another try may help where the hub's client does not try again itself.

    It does so for a file that it cannot locate, and then raises a `LocalEntryNotFoundError`.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return status >= 500 or status == httpx2.codes.TOO_MANY_REQUESTS
    broken = isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError)
    return broken or (isinstance(error, OSError) and "Consistency check failed" in str(error))


@retry(
    retry=retry_if_exception(_is_transient),
    stop=stop_after_attempt(TRIES),
    wait=wait_exponential(multiplier=0.5, max=10),
    reraise=True,
)
def _ask_hub(source: Source, file: str, revision: str) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(source.place, file, repo_type="dataset", revision=revision))


def _reason(error: Exception) -> str:
    """What went wrong, in a line; of a file that was not located, why not."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    located = not isinstance(error, LocalEntryNotFoundError)
    said = error if located else error.__cause__ or error
    return shorten(f"{type(error).__name__}: {said}", width=300, placeholder=" ...")


def _refuse_damage(name: str, path: Path) -> None:
    """Compare a file with the digest that the hub named it by: SHA-256, or git's where it is small."""
    blob = path.resolve().name
    digest = {64: sha256, 40: _git_digest}.get(len(blob))
    if digest and (found := digest(path)) != blob:
        raise ValueError(f"{name}: damaged on its way, expected digest {blob}, was: {found}")


def _git_digest(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _verified(check: Callable[[], None], path: Path) -> None:
    """Run a check, and remove the file from its cache if that fails: the next fetch begins anew."""
    try:
        check()
    except ValueError:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise
