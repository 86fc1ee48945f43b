"""Column files become corpora of IOB2 tags, and every mistake in one is named by file and line."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxla.readers import _iob2, read_columns
from uxla.tasks import TASKS

XNER = TASKS["xner"]


def tags(path: Path) -> list[list[str]]:
    corpus = read_columns(path, XNER, "es", split="train")
    return [[XNER.labels[index] for index in example.classes or ()] for example in corpus]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "es.train"


def test_the_first_column_is_the_word_and_the_last_the_tag(file: Path) -> None:
    file.write_text("Ana NP B-PER\nduerme VB O\n\nEn SP x y O\nLeón\tNP\tB-LOC\n", encoding="utf-8")
    first, second = read_columns(file, XNER, "es", split="train")
    assert (first.id, first.language, first.texts) == ("es-train-00000", "es", (("Ana", "duerme"),))
    assert first.classes == (XNER.class_of("B-PER"), 0)
    assert (second.id, second.texts) == ("es-train-00001", (("En", "León"),))
    assert second.classes == (0, XNER.class_of("B-LOC"))


def test_empty_lines_may_be_many_and_the_last_may_lack(file: Path) -> None:
    file.write_text("\n\na O\n \t\n\n\nb O", encoding="utf-8")
    assert [example.texts for example in read_columns(file, XNER, "es", split="dev")] == [
        (("a",),),
        (("b",),),
    ]


def test_windows_line_ends_are_line_ends(file: Path) -> None:
    file.write_bytes(b"Ana B-PER\r\nduerme O\r\n\r\nb O\r\n")
    assert tags(file) == [["B-PER", "O"], ["O"]]


def test_document_marks_are_passed_over(file: Path) -> None:
    file.write_text("-DOCSTART- -X- O O\n\na O\n\n-DOCSTART- O\n\nb O\n", encoding="utf-8")
    assert [example.id for example in read_columns(file, XNER, "es", split="x")] == [
        "es-x-00000",
        "es-x-00001",
    ]


def test_a_document_mark_ends_a_sentence(file: Path) -> None:
    file.write_text("a O\n-DOCSTART- O\nb O\n", encoding="utf-8")
    assert len(read_columns(file, XNER, "es", split="x")) == 2


def test_an_old_encoding_is_read_when_named(file: Path) -> None:
    file.write_bytes("León B-LOC\n".encode("latin-1"))
    (example,) = read_columns(file, XNER, "es", split="train", encoding="latin-1")
    assert example.texts == (("León",),)


def test_a_no_break_space_is_part_of_its_word(file: Path) -> None:
    file.write_text("10\u00a0000 Z O\n\u00a0 O\n", encoding="utf-8")
    (example,) = read_columns(file, XNER, "es", split="train")
    assert example.texts == (("10\u00a0000", "\u00a0"),)


@pytest.mark.parametrize(
    ("iob1", "iob2"),
    [
        ("I-PER I-PER O", "B-PER I-PER O"),
        ("I-PER B-PER I-PER", "B-PER B-PER I-PER"),
        ("I-PER I-LOC", "B-PER B-LOC"),
        ("O I-LOC O I-LOC", "O B-LOC O B-LOC"),
        ("O O", "O O"),
    ],
)
def test_iob1_becomes_iob2(file: Path, iob1: str, iob2: str) -> None:
    file.write_text("".join(f"word {tag}\n" for tag in iob1.split()), encoding="utf-8")
    assert tags(file) == [iob2.split()]


SPANS = st.lists(st.tuples(st.sampled_from(["PER", "LOC", "O"]), st.integers(1, 3)), min_size=1, max_size=6)


@given(SPANS)
def test_iob2_stays_as_it_is_and_iob1_of_the_same_spans_reads_the_same(spans: list[tuple[str, int]]) -> None:
    iob1: list[str] = []
    iob2: list[str] = []
    for kind, length in spans:
        if kind == "O":
            iob1, iob2 = [*iob1, *["O"] * length], [*iob2, *["O"] * length]
            continue
        touches = bool(iob1) and iob1[-1][2:] == kind
        inside = [f"I-{kind}"] * (length - 1)
        iob1 = [*iob1, f"B-{kind}" if touches else f"I-{kind}", *inside]
        iob2 = [*iob2, f"B-{kind}", *inside]
    assert _iob2(iob2) == iob2
    assert _iob2(iob1) == iob2


# --- round trips and broken files ---

WORD = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=8)
SENTENCES = st.lists(
    st.lists(
        st.tuples(WORD.filter(lambda word: word != "-DOCSTART-"), st.sampled_from(XNER.labels)), min_size=1
    ),
    min_size=1,
    max_size=5,
)


@given(
    sentences=SENTENCES,
    separator=st.sampled_from([" ", "\t", "  "]),
    between=st.sampled_from(["", " x", " x y z"]),
    end=st.sampled_from(["\n", "\r\n"]),
    marks=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_in_any_of_the_formats_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    sentences: list[list[tuple[str, str]]],
    separator: str,
    between: str,
    end: str,
    marks: bool,
    encoding: str,
) -> None:
    lines = ["-DOCSTART- O", ""] * marks
    for sentence in sentences:
        lines += [f"{word}{between}{separator}{tag}" for word, tag in sentence] + [""]
    file = tmp_path_factory.mktemp("columns") / "es.train"
    file.write_bytes(end.join(lines).encode(encoding))
    corpus = read_columns(file, XNER, "es", split="train", encoding=encoding)
    assert [e.texts[0] for e in corpus] == [tuple(word for word, _ in sentence) for sentence in sentences]
    expected = [_iob2([tag for _, tag in sentence]) for sentence in sentences]
    assert [[XNER.labels[c] for c in e.classes or ()] for e in corpus] == expected


GOOD = (
    "-DOCSTART- -X- O\n\nAna NP B-PER\nde X I-PER\nLeón NP I-PER\nva VB O\n. . O\n\nEn SP O\nRíos NP B-LOC\n"
)
DIRT = [b"\x00", b"\xff", b"\r", b"\n", b"\n\n", b"\t", b" ", b"\x0b", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8"]
DIRT += [b"\xef\xbb\xbf", b"B-", b"I-DATE", b"O", b"-DOCSTART-", b"\xc3", b"\xed\xa0\x80", b"x" * 70_000]


def mutated(random: np.random.Generator) -> bytes:
    """A good file with one to four changes: bytes put in, cut out, doubled or overwritten."""
    content = bytearray(GOOD.encode(("utf-8", "latin-1")[random.integers(2)]))
    for _ in range(random.integers(1, 5)):
        place, length = random.integers(len(content) + 1), random.integers(1, 12)
        match random.integers(4):
            case 0:
                content[place:place] = DIRT[random.integers(len(DIRT))]
            case 1:
                del content[place : place + length]
            case 2:
                content[place:place] = content[place : place + length]
            case 3:
                content[place : place + 1] = random.bytes(1)
    return bytes(content)


def words_in(content: str) -> list[str]:
    """The first columns of all lines, by another road than the reader's."""
    lines = content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = [line.replace("\t", " ").strip(" ").split(" ") for line in lines]
    return [row[0] for row in rows if row[0] and row[0] != "-DOCSTART-"]


@pytest.mark.slow
def test_ten_thousand_broken_files_give_a_right_corpus_or_one_clear_line(file: Path) -> None:
    random = np.random.default_rng(7)
    n_read = 0
    for _ in range(10_000):
        content = mutated(random)
        file.write_bytes(content)
        corpus, complaint = None, ""
        try:
            corpus = read_columns(file, XNER, "es", split="train")
        except ValueError as error:
            complaint = str(error)
        if corpus is None:
            assert re.fullmatch(
                re.escape(str(file)) + r"(:\d+: |: expected at least one)[^\n]{1,400}", complaint
            )
            continue
        n_read += 1
        assert [word for e in corpus for word in e.texts[0]] == words_in(content.decode("utf-8"))
        assert all(len(e.classes or ()) == len(e.texts[0]) for e in corpus)
    assert 500 < n_read < 9_500


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere: expected a column file, found none \(No such file"):
        read_columns(tmp_path / "nowhere", XNER, "es", split="train")


@pytest.mark.parametrize("content", ["", "\n\n", "-DOCSTART- O\n"])
def test_a_file_without_a_sentence_is_refused(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"es\.train: expected at least one sentence, found none"):
        read_columns(file, XNER, "es", split="train")


def test_another_encoding_is_refused_with_its_line(file: Path) -> None:
    file.write_bytes(b"a O\nLe\xf3n B-LOC\n")
    with pytest.raises(ValueError, match=r"es\.train:2: not utf-8; name the right encoding$"):
        read_columns(file, XNER, "es", split="train")
    with pytest.raises(ValueError, match=r"es\.train: expected the name of an encoding .*, was: 'utf-9'$"):
        read_columns(file, XNER, "es", split="train", encoding="utf-9")


def test_a_byte_order_mark_is_no_part_of_a_word(file: Path) -> None:
    file.write_text("Ana B-PER\n", encoding="utf-8-sig")
    (example,) = read_columns(file, XNER, "es", split="train")
    assert example.texts == (("Ana",),)


def test_a_message_shows_no_more_than_the_beginning_of_a_line(file: Path) -> None:
    for content in ("a" * 100_000, "a " + "b" * 100_000):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=r"es\.train:1: ") as caught:
            read_columns(file, XNER, "es", split="train")
        assert len(str(caught.value)) < 300 + len(str(file))


def test_a_line_of_one_column_is_refused_with_its_number(file: Path) -> None:
    file.write_text("a O\n\nLeón\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"es\.train:3: expected a word and a tag, was: 'León'"):
        read_columns(file, XNER, "es", split="train")


def test_an_unknown_tag_is_refused_with_its_number(file: Path) -> None:
    file.write_text("a O\nb B-DATE\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"es\.train:2: .* xner must be one of O, B-PER, .*, was: 'B-DATE'"):
        read_columns(file, XNER, "es", split="train")
