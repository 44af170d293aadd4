"""What callers may hand over as a file: anything binary, bytes, or a path."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias

from django.core.files.base import ContentFile, File
from django.db.models.fields.files import FieldFile

Source: TypeAlias = (
    "File[bytes] | IO[bytes] | bytes | bytearray | memoryview | str | os.PathLike[str]"
)
_ALLOWED = (
    "an open binary file (such as an uploaded file, io.BytesIO or open(path, 'rb')), bytes, or a "
    "path as str or pathlib.Path"
)
_SHOWN = 100
NAME_LENGTH = 255


def plain_name(name: str) -> str:
    """A client's file name, composed, in one line and without folders, control characters, bidi
    marks and surrogates; at most 255 characters.
    """
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    visible = "".join(char for char in name if not unicodedata.category(char).startswith("C"))
    shown = " ".join(visible.split())[:NAME_LENGTH].rstrip()
    return "" if shown in {".", ".."} else shown  # the names of folders, which Django refuses


@contextmanager
def as_file(source: Source) -> Iterator[File[bytes]]:
    """A context manager that yields ``source`` as a file that can be read from its beginning.

    What is open stays open, because it belongs to the caller; what is opened here is closed. A
    ``str`` is always a path, so never hand over one that a client has sent. Raises ``TypeError``
    for what is no binary file, and ``ValueError`` for a closed file, for one that can be read only
    once, such as a socket, and for a path without a file.
    """
    if isinstance(source, str | os.PathLike):
        with _open(source) as opened:
            yield File(opened, name=Path(source).name)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield ContentFile(bytes(source))
    elif isinstance(source, FieldFile) and source.closed:
        with source.open():
            yield source
    else:
        yield _checked(source)


def _open(path: str | os.PathLike[str]) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:  # the latter for a null byte
        raise ValueError(f"Cannot open the file {str(path)[:_SHOWN]!r}: {error}") from error


def _checked(source: Any) -> File[bytes]:
    if not hasattr(source, "read"):
        raise TypeError(f"{type(source).__name__} is not a file. Pass {_ALLOWED}.")
    file: File[bytes] = source if isinstance(source, File) else File(source, name=_name_of(source))
    if file.closed:
        raise ValueError("The file is closed.")
    if not isinstance(file.read(0), bytes):
        raise TypeError(f"The file was opened in text mode. Pass {_ALLOWED}.")
    if not file.seekable():
        raise ValueError("The file can be read only once. Read it and pass its bytes.")
    return file


def _name_of(source: Any) -> str:
    """The name of a file; one that was opened by its descriptor has a number instead."""
    name = getattr(source, "name", "")
    return os.path.basename(name) if isinstance(name, str) else ""
