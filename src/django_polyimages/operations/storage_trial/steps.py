"""The steps of a trial, and the files that it makes and removes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from django_polyimages.conf import get_settings
from django_polyimages.pipeline.puts import Content
from django_polyimages.storage.problems import problem_of

MEDIA_TYPE: Final = "image/webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was tried."""

    name: str
    """Such as ``put``."""
    works: bool
    is_needed: bool
    """Whether the package cannot do without it."""
    detail: str = ""
    """What was found; an error only by its name, without keys and addresses."""
    hint: str = ""
    """What helps."""

    @property
    def is_problem(self) -> bool:
        """Whether something needed does not work."""
        return self.is_needed and not self.works


class Finding(Exception):
    """What a step has found to be otherwise than it should be."""

    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


@dataclass(slots=True)
class Trial:
    """The files of a trial; leaving the block removes those that are left."""

    backend: Storage
    left: dict[str, bytes] = field(default_factory=dict)
    """Files that may be there, by key: also one whose PUT has failed."""
    _folder: str = ""

    @property
    def prefix(self) -> str:
        """Where uploads wait, outside of ``UPLOAD_PREFIX``, so that no audit knows the files."""
        return f"{get_settings().upload_prefix.rstrip('/')}-incoming/"

    def __enter__(self) -> Self:
        if isinstance(self.backend, FileSystemStorage):
            folder = self.backend.path(self.prefix)
            self._folder = "" if os.path.isdir(folder) else folder
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove_all()

    def new_file(self, content: bytes | None = None) -> str:
        """The key of a new file, which is not written yet."""
        key = f"{self.prefix}trial-{secrets.token_hex(16)}.webp"
        self.left[key] = secrets.token_bytes(2000) if content is None else content
        return key

    def put(self) -> str:
        """Write a new file as the package writes its files. Returns the key."""
        key = self.new_file()
        try:
            saved = self.backend.save(key, Content(ContentFile(self.left[key]), MEDIA_TYPE))
        except Exception as error:  # each storage has errors of its own
            if problem_of(error).is_refusal:
                del self.left[key]
            raise
        if saved != key:
            self.left[saved] = self.left.pop(key)
        return saved

    def remove_all(self) -> None:
        """Delete every file of the trial; those that the storage refuses to delete stay in
        ``left``.
        """
        for key in list(self.left):
            with suppress(Exception):  # each storage has errors of its own
                self.backend.delete(key)
                del self.left[key]
        if self._folder and not self.left:
            with suppress(OSError):  # not made, or in use by now
                os.rmdir(self._folder)


def attempt(name: str, action: Callable[[], str], *, is_needed: bool = True) -> Step:
    """Do something, which returns what it has found or raises a ``Finding`` or any error."""
    try:
        detail = _told(action)
    except Finding as found:
        detail, hint = found.detail, found.hint
        return Step(name=name, works=False, is_needed=is_needed, detail=detail, hint=hint)
    return Step(name=name, works=True, is_needed=is_needed, detail=detail)


def _told(action: Callable[[], str]) -> str:
    try:
        return action()
    except Finding:
        raise
    except Exception as error:  # each storage has errors of its own
        problem = problem_of(error)
        raise Finding(problem.name, problem.hint) from error
