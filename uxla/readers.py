"""Reading labelled sentences from column files: a word and its tag a line (CoNLL-2002 and -2003)."""

import re
from collections.abc import Iterator
from pathlib import Path

from uxla.examples import Corpus, Example
from uxla.tasks import Task

Line = tuple[int, str, str]

_SHOWN = 60
"""Characters that a message shows of a line; no tag is that long."""

# Not str.split: a no-break space may stand within a word.
_COLUMN = re.compile(r"[^ \t]+")


def read_columns(path: Path, task: Task, language: str, *, split: str, encoding: str = "utf-8") -> Corpus:
    """Read a file of a word and its tag a line, an empty line after each sentence.

    Columns are separated by blanks or tabs; the first is the word, the last the tag, others are passed
    over, and so are the lines `-DOCSTART-`. Tags in IOB1 become IOB2. Ids are
    `<language>-<split>-<number of the sentence>`.

    Raises:
        ValueError: the file is missing, empty, in another encoding, has a line of one column or a
            tag that the task does not know; the message names file and line.
    """
    examples = []
    for number, sentence in enumerate(_sentences(path, encoding)):
        tags = _iob2([tag for _, _, tag in sentence])
        classes = []
        for (line, _, _), tag in zip(sentence, tags, strict=True):
            try:
                classes.append(task.class_of(tag[:_SHOWN]))
            except ValueError as error:
                raise ValueError(f"{path}:{line}: {error}") from None
        words = tuple(word for _, word, _ in sentence)
        examples.append(Example(f"{language}-{split}-{number:05d}", language, (words,), tuple(classes)))
    if not examples:
        raise ValueError(f"{path}: expected at least one sentence, found none")
    return Corpus.of(examples)


def _sentences(path: Path, encoding: str) -> Iterator[list[Line]]:
    text = _text(path, encoding)
    sentence: list[Line] = []
    for number, line in enumerate(text.split("\n"), start=1):
        columns = _COLUMN.findall(line)
        if not columns or columns[0] == "-DOCSTART-":
            if sentence:
                yield sentence
            sentence = []
        else:
            if len(columns) < 2:
                raise ValueError(
                    f"{path}:{number}: expected a word and a tag, was: {line.strip()[:_SHOWN]!r}"
                )
            sentence.append((number, columns[0], columns[-1]))
    if sentence:
        yield sentence


def _text(path: Path, encoding: str) -> str:
    """The file's text without a byte order mark, every kind of line end as a newline."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: expected a column file, found none ({error.strerror})") from error
    try:
        text = content.decode(encoding)
    except LookupError:
        raise ValueError(
            f"{path}: expected the name of an encoding such as utf-8, was: {encoding!r}"
        ) from None
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise ValueError(f"{path}:{line}: not {encoding}; name the right encoding") from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _iob2(tags: list[str]) -> list[str]:
    """In IOB1 a span begins with B- only where it follows another of its type; in IOB2 always."""
    if any(tag.startswith("B-") and not _continues(tags, i) for i, tag in enumerate(tags)):
        return tags
    return [
        f"B-{tag[2:]}" if tag.startswith("I-") and not _continues(tags, i) else tag
        for i, tag in enumerate(tags)
    ]


def _continues(tags: list[str], index: int) -> bool:
    """Whether the tag before belongs to a span of the same type."""
    return index > 0 and tags[index - 1] != "O" and tags[index - 1][2:] == tags[index][2:]
