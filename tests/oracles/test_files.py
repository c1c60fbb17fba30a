import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.files import check_writable, read_pieces, read_text, write_bytes, write_text


def test_text_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    text = "one\r\ntwo\n\n\tθ — 語\x7f no newline at the end"
    path = tmp_path / "text"
    write_text(path, text)
    assert read_text(path) == read_text(str(path)) == text
    assert path.read_bytes() == text.encode()


def test_byte_order_mark_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfab")
    assert read_text(path) == "ab"


@given(st.text(max_size=12), st.integers(1, 5))
def test_pieces_join_to_the_text_wherever_they_break(
    tmp_path_factory: pytest.TempPathFactory, text: str, size: int
) -> None:
    text = text.replace("\0", "") or "θ"
    path = tmp_path_factory.getbasetemp() / "pieces"
    for mark in ("", "\ufeff"):
        path.write_bytes((mark + text).encode())
        assert "".join(read_pieces(path, size)) == (text if mark else text.removeprefix("\ufeff"))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("aθ".encode() + b"b\0", "NUL at byte 4"),
        ("aθ".encode() + b"b\xe9cd", "byte 0xe9 at offset 4"),
        ("aθ語".encode()[:-1], "byte 0xe8 at offset 3"),
    ],
)
def test_offsets_do_not_depend_on_the_pieces(tmp_path: Path, content: bytes, message: str, size: int) -> None:
    (tmp_path / "text").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(read_pieces(tmp_path / "text", size))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected text, got an empty file"),
        (b"ab\0cd", r"got a binary file \(NUL at byte 2\)"),
        ("ab".encode("utf-16"), "got a binary file"),
        (b"ab\xe9cd", "expected UTF-8 text, got byte 0xe9 at offset 2"),
        (b"\xef\xbb\xbfab\xff", "byte 0xff at offset 5"),
    ],
)
def test_what_is_not_text_gets_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "corpus"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_text(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing: .*No such file"):
        read_text(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"[Dd]irectory"):
        read_text(tmp_path)
    with pytest.raises(ValueError, match="expected the name of a file"):
        read_text("a\0b")


def test_writing_replaces_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "law.json"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    write_bytes(path, b"\x89PNG\r\n\0")
    assert path.read_bytes() == b"\x89PNG\r\n\0"
    assert list(tmp_path.iterdir()) == [path]


def test_whether_a_file_can_be_written_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_writable(tmp_path / "plot.png") == (tmp_path / "plot.png").resolve()
    with pytest.raises(ValueError, match="expected a file to write, got a directory"):
        check_writable(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(ValueError, match="expected a folder that may be written to"):
        check_writable(tmp_path / "plot.png")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "law.json"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half a pair of surrogates: \ud800")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "law.json", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_only_regular_files_in_existing_folders_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a file to write, got a directory"):
        write_text(tmp_path, "text")
    with pytest.raises(ValueError, match="expected a file in an existing folder"):
        write_text(tmp_path / "no" / "law.json", "text")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="got a special file"):
        write_text(tmp_path / "pipe", "text")
