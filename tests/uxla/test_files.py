"""A file or folder is replaced whole or not at all."""

from pathlib import Path

import pytest

from uxla.files import remove, replacing, write_text


class Crash(Exception):
    pass


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "deep" / "note.txt", "žluťoučký\n")
    assert (tmp_path / "new" / "deep" / "note.txt").read_text(encoding="utf-8") == "žluťoučký\n"


def test_a_file_takes_the_place_of_a_file(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "old and longer")
    write_text(tmp_path / "note.txt", "new")
    assert (tmp_path / "note.txt").read_text() == "new"
    assert list(tmp_path.iterdir()) == [tmp_path / "note.txt"]


def test_a_folder_takes_the_place_of_a_folder_whole(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "only in the old").touch()
    with replacing(folder) as temporary:
        temporary.mkdir()
        (temporary / "inner").mkdir()
        (temporary / "inner" / "file").write_text("new")
    assert [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))] == [
        "inner",
        "inner/file",
    ]
    assert list(tmp_path.iterdir()) == [folder]


def test_the_target_keeps_its_old_content_until_the_block_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "old")
    with replacing(tmp_path / "note.txt") as temporary:
        temporary.write_text("new")
        assert (tmp_path / "note.txt").read_text() == "old"


def test_a_crash_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "old")
    with pytest.raises(Crash), replacing(tmp_path / "note.txt") as temporary:
        temporary.write_text("half of the n")
        raise Crash
    assert (tmp_path / "note.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "note.txt"]


def test_a_crash_leaves_the_old_folder_and_no_temporary(tmp_path: Path) -> None:
    write_text(tmp_path / "model" / "weights", "old")
    with pytest.raises(Crash), replacing(tmp_path / "model") as temporary:
        temporary.mkdir()
        (temporary / "weights").write_text("half of the n")
        raise Crash
    assert (tmp_path / "model" / "weights").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


def test_a_crash_before_anything_was_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Crash), replacing(tmp_path / "note.txt"):
        raise Crash
    assert list(tmp_path.iterdir()) == []


def test_a_failing_rename_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "model" / "weights", "old")

    def fail(self: Path, target: Path) -> None:
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"), replacing(tmp_path / "model") as temporary:
        temporary.mkdir()
        (temporary / "weights").write_text("new")
        monkeypatch.setattr(Path, "replace", fail)
    assert (tmp_path / "model" / "weights").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


def test_a_folder_is_removed_and_nothing_of_it_stays(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("text")
    for _ in range(2):
        remove(tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_what_a_crash_leaves_of_a_removed_folder_has_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", interrupt)
    with pytest.raises(KeyboardInterrupt):
        remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_block_that_writes_nothing_fails_and_changes_nothing(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "old")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "note.txt"):
        pass
    assert (tmp_path / "note.txt").read_text() == "old"
