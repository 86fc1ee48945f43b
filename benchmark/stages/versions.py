"""Digests that tell trainings apart: of what decides one, and of what came of it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import uxla
from uxla.examples import Corpus

MODELS = "*/model.safetensors"
"""The weights of the models in a folder."""


SAID = "observed.parquet"
"""What models that are not kept said of the test set."""


def version_before(settings: object, corpora: Iterable[Corpus], weights: Iterable[Path] = ()) -> str:
    """A digest of what decides a training, the code of the method included.

    A state of anything else is not resumed from.
    """
    whole = hashlib.sha256(repr(settings).encode())
    whole.update("".join(corpus.digest for corpus in corpora).encode())
    code = sorted(Path(uxla.__path__[0]).glob("*.py"))
    for path in (*weights, *code):
        whole.update(_digest(path))
    return whole.hexdigest()


def version_after(folder: Path, pattern: str = MODELS) -> str:
    """A digest of files of a folder that were trained: what is known of other ones is not said of them."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob(pattern)):
        whole.update(path.relative_to(folder).as_posix().encode() + _digest(path))
    return whole.hexdigest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
