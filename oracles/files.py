"""Reading and writing the text files a user names: one clear line when that fails, no file half written."""

from __future__ import annotations

import codecs
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

PIECE = 2**20
"""Bytes of a file that are read at a time."""


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, exactly as stored (line ends are kept; a leading byte order mark is not).

    Raises ValueError, in one line that begins with the path, for a file that is missing, a directory,
    unreadable, empty, binary (it holds a NUL byte) or not UTF-8.
    """
    return "".join(read_pieces(path))


def read_pieces(path: str | os.PathLike[str], size: int = PIECE) -> Iterator[str]:
    """The text of a file as `read_text` has it, about `size` bytes at a time."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path: expected a path, got {path!r}")
    shown = os.fspath(path)
    decoder, offset, first = codecs.getincrementaldecoder("utf-8")(), 0, True
    for content in _pieces(path, size):
        if b"\0" in content:
            at = offset + content.index(0)
            raise ValueError(f"{shown}: expected UTF-8 text, got a binary file (NUL at byte {at})")
        begun = len(decoder.getstate()[0])  # bytes of a character that the last piece broke off
        try:
            text = decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            byte, at = error.object[error.start], offset - begun + error.start
            raise ValueError(f"{shown}: expected UTF-8 text, got byte 0x{byte:02x} at offset {at}") from error
        offset += len(content)
        if text:
            yield text.removeprefix("\ufeff") if first else text
            first = False
    if not offset:
        raise ValueError(f"{shown}: expected text, got an empty file")


def _pieces(path: str | os.PathLike[str], size: int) -> Iterator[bytes]:
    """The bytes of a file, and an empty piece at the end."""
    try:
        with Path(path).open("rb") as stream:
            while content := stream.read(size):
                yield content
        yield b""
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(f"{os.fspath(path)}: expected a readable file, got: {reason}") from error
    except ValueError as error:  # a NUL inside the path itself
        raise ValueError(f"{os.fspath(path)!r}: expected the name of a file: {error}") from error


def check_writable(path: str | os.PathLike[str]) -> Path:
    """The file that a path would write, links followed.

    ValueError when the folder does not exist or may not be written to, or when the path names something
    other than a regular file.
    """
    target = Path(path).resolve()  # a link stays a link: what it points at is replaced
    if target.exists() and not target.is_file():
        kind = "a directory" if target.is_dir() else "a special file"
        raise ValueError(f"{os.fspath(path)}: expected a file to write, got {kind}")
    if not target.parent.is_dir():
        raise ValueError(f"{os.fspath(path)}: expected a file in an existing folder, got {target.parent}")
    if not os.access(target.parent, os.W_OK):
        raise ValueError(f"{os.fspath(path)}: expected a folder that may be written to, got {target.parent}")
    return target


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all: under a temporary name beside it, then renamed.

    An existing file keeps its old content if anything fails.  Raises ValueError as `check_writable`, OSError
    when the disk refuses.
    """
    target = check_writable(path)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text as `write_bytes` does, line ends as they are."""
    write_bytes(path, text.encode("utf-8"))
