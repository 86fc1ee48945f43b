"""What was fetched, by commit and SHA-256: recorded once, verified ever after."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from uxla.files import write_text


class DataLock:
    """The file `data.lock.json`: for every place the commit that was served, and the digest of every file.

    It belongs into git. To take a newer version of a dataset, remove its entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def commit(self, place: str) -> str | None:
        """The commit recorded for a place, None before the first fetch."""
        commit: str | None = self._content().get(place, {}).get("commit")
        return commit

    def verify(self, place: str, file: str, path: Path, *, commit: str | None) -> None:
        """Compare a fetched file with the record, or record it if it is new.

        Raises:
            ValueError: the commit or the content is another than the recorded one, or the record is broken.
            OSError: the record cannot be written.
        """
        digest = sha256(path)
        with self._locked() as content:
            entry = content.setdefault(place, {"files": {}})
            known = entry.setdefault("commit", commit) if commit else None
            if known != commit:
                raise ValueError(
                    f"{place}: {self.path.name} expects commit {known}, the hub gave {commit}; "
                    "remove the entry to take the newer version"
                )
            expected = entry["files"].setdefault(file, digest)
            if expected != digest:
                raise ValueError(
                    f"{place}/{file}: {self.path.name} expects SHA-256 {expected}, was: {digest} ({path}); "
                    "remove the entry if the new content is meant"
                )

    def _content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(f"{self.path}: not a lock file of data ({error}); restore it from git") from None
        if not (isinstance(content, dict) and all(map(_is_entry, content.values()))):
            raise ValueError(
                f"{self.path}: not a lock file of data (expected a commit and the SHA-256 of files for every "
                "place); restore it from git"
            )
        return content

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Any]]:
        """The content, written back if it has changed; one thread and process at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            content = self._content()
            before = json.dumps(content)
            yield content
            if json.dumps(content) != before:
                try:
                    write_text(self.path, json.dumps(content, indent=2, sort_keys=True) + "\n")
                except OSError as error:
                    # What a full disk says does not name the file.
                    raise OSError(error.errno, error.strerror, str(self.path)) from error


def sha256(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_entry(entry: object) -> bool:
    if not (isinstance(entry, dict) and isinstance(entry.get("files"), dict)):
        return False
    return all(isinstance(text, str) for text in (entry.get("commit", ""), *entry["files"].values()))
