"""Protections of the package that can be turned off, to see that the campaign notices.

Each replaces a piece of text in the source of one function, so it fails loudly once the function
looks different.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django_polyimages.models import deletions, image_manager, regeneration
from django_polyimages.operations.audit import run
from django_polyimages.pipeline import puts, store


@dataclass(frozen=True, slots=True)
class Protection:
    """What is turned off, by which change."""

    meaning: str
    owner: Any
    """A module or a class."""
    function: str
    old: str
    new: str
    noticed_by: Sequence[str]
    """The actions and meetings that have to notice."""


_SCHEDULE = "transaction.on_commit(callback, using=self.db, robust=True)"
PROTECTIONS = {
    "note": Protection(
        "deletions are recorded in the transaction that deletes the row",
        deletions.FileDeletionManager,
        "schedule",
        "deletions = self.bulk_create(\n"
        "            [self.model(keys=list(keys), original=original or keys[0]) "
        "for keys in images if keys],\n            batch_size=AT_ONCE,\n        )",
        "every = [key for keys in images for key in keys]\n"
        "        deletions = []\n"
        "        transaction.on_commit(lambda: delete_files(every), using=self.db, robust=True)",
        ["delete", "regenerate"],
    ),
    "after_commit": Protection(
        "files are deleted after the commit",
        deletions.FileDeletionManager,
        "schedule",
        _SCHEDULE,
        "delete_files([key for one in deletions for key in one.keys])",
        ["delete", "regenerate"],
    ),
    "files_first": Protection(
        "a row is inserted after its files are stored",
        store,
        "store_files",
        "        generated = write(",
        "        _delay(puts)\n        generated = write(",
        ["upload"],
    ),
    "new_keys": Protection(
        "a regenerated version gets a new key",
        store,
        "regenerate",
        "token=new_token()",
        'token=""',
        ["regenerate"],
    ),
    "compare": Protection(
        "a regeneration is recorded only if the row is as it was",
        regeneration,
        "_record",
        "raise _Overtaken",
        "pass",
        ["regenerate twice at once"],
    ),
    "rollback": Protection(
        "files are deleted when their transaction is rolled back",
        store,
        "_recording",
        "    remove_on_rollback(keys, using, note)",
        "    pass",
        ["rolled back upload"],
    ),
    "undo": Protection(
        "files are deleted when the row cannot be written",
        store,
        "_undo",
        "remove_soon(keys, note)",
        "pass",
        ["delete beside regenerate"],
    ),
    "grace": Protection(
        "the audit leaves young files alone",
        run,
        "orphans",
        "started - plan.grace",
        "started",
        ["audit beside an upload"],
    ),
    "second_look": Protection(
        "the audit looks for a row again before it deletes a file",
        run,
        "orphans",
        "_without_row(some, started)",
        "some",
        ["upload ends during an audit"],
    ),
}


@contextmanager
def without(name: str) -> Iterator[Protection]:
    """Turn a protection off, in this process and in those that it forks."""
    protection = PROTECTIONS[name]
    changed = _changed(protection)
    with patch.object(protection.owner, protection.function, changed):
        if name == "files_first":
            with _delayed():
                yield protection
        else:
            yield protection


def _changed(protection: Protection) -> Any:
    function = getattr(protection.owner, protection.function)
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    old, new = protection.old, protection.new
    if inspect.isclass(protection.owner):  # a method is dedented
        old, new = old.replace("\n    ", "\n"), new.replace("\n    ", "\n")
    assert source.count(old) == 1, f"{protection.function}() has no {old!r} (once)"
    module = sys.modules[function.__module__]
    names = module.__dict__ | {"_delay": _delay}
    exec(compile(source.replace(old, new), module.__file__ or "", "exec"), names)
    return names[protection.function]


_late: list[tuple[Any, str, bytes]] = []


def _delay(puts_: Any) -> None:
    """Let the PUTs of this upload wait for ``_delayed``."""
    puts_.start = lambda key, content: puts.Puts.start(puts_, key, _Late(key, content))


class _Late:
    def __init__(self, key: str, content: Any) -> None:
        self.key, self.content = key, content

    def withdraw(self) -> None: ...


@contextmanager
def _delayed() -> Iterator[None]:
    """The order of writes of others: the row, and its files after the commit."""
    save, upload = puts._save, image_manager.ImageManager.upload

    def save_later(key: str, content: Any) -> str:
        if not isinstance(content, _Late):
            return save(key, content)
        content.content.seek(0)
        _late.append((content.content, key, content.content.read()))
        return key

    def upload_then_save(self: Any, *arguments: Any, **options: Any) -> Any:
        image = upload(self, *arguments, **options)
        from django.core.files.base import ContentFile

        while _late:
            content, key, body = _late.pop(0)
            save(key, puts.Content(ContentFile(body), content.content_type))
        return image

    with (
        patch.object(puts, "_save", save_later),
        patch.object(image_manager.ImageManager, "upload", upload_then_save),
    ):
        yield
