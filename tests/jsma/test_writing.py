"""Files are written whole or not at all, and what cannot be written is told before."""

import errno
import os

import pytest

from jsma.writing import check_folder, check_writable, make_folder, write_together, write_whole


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that takes one file and no more."""
    kept = []

    def fsync(number: int) -> None:
        kept.append(number)
        if len(kept) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "x.json"
    for content in (b"one", b"two"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_of_files_that_belong_together_none_is_replaced_when_the_second_does_not_fit(tmp_path, full_disk):
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (one, two):
        path.write_text("before", encoding="utf-8")
    with pytest.raises(OSError, match=r"two cannot be written \(No space left on device\)"):
        write_together({one: b"new", two: b"new"})
    assert (one.read_text(encoding="utf-8"), two.read_text(encoding="utf-8")) == ("before", "before")
    assert len(list(tmp_path.iterdir())) == 2


def test_where_a_link_leads_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    link, file = tmp_path / "link.json", tmp_path / "folder" / "file.json"
    file.write_text("before", encoding="utf-8")
    link.symlink_to(file)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_the_longest_names_can_be_written(tmp_path):
    for name in ("n" * 250 + ".json", "ü" * 125 + ".json"):
        check_writable(tmp_path / name, (".json",))
        write_whole(tmp_path / name, b"content")
        assert (tmp_path / name).read_bytes() == b"content"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x.nonsense", "must end in .json or .csv"),
        ("x", "must end in .json or .csv"),
        ("", "must end in"),
        ("folder.json", "folder.json is a folder"),
        ("missing/x.json", "no folder"),
        ("file/x.json", "no folder"),
        ("pipe.json", "is a device"),
        ("null.json", "is a device"),
        ("n" * 300 + ".json", "File name too long"),
        ("a\0b.json", "null byte"),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path, name, says):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "null.json").symlink_to("/dev/null")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((OSError, ValueError)) as refusal:
        check_writable(tmp_path / name, (".json", ".csv"))
    assert says in str(refusal.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_can_be_written_is_left_as_it_was(tmp_path):
    (tmp_path / "there.JSON").write_text("before", encoding="utf-8")
    for name in ("there.JSON", "new.csv"):
        check_writable(tmp_path / name, (".json", ".csv"))
    check_folder(tmp_path / "new" / "folder")
    assert [file.name for file in tmp_path.iterdir()] == ["there.JSON"]
    assert (tmp_path / "there.JSON").read_text(encoding="utf-8") == "before"


@pytest.fixture
def read_only(monkeypatch):
    """Every folder is as if on a disk that is read only; permissions would not stop the superuser."""

    def refuse(dir):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("jsma.writing.TemporaryFile", refuse)


def test_a_read_only_folder_is_told(tmp_path, read_only):
    for check in (check_writable, check_folder):
        with pytest.raises(OSError, match=r"cannot be written \(Read-only file system\); choose another"):
            check(tmp_path / "x")


def test_a_folder_below_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(OSError, match=r"file is a file, not a folder"):
            check_folder(path)
        with pytest.raises(OSError, match="cannot be written"):
            make_folder(path)
