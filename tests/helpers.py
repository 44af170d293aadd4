from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext

from django_polyimages import storage
from django_polyimages.pipeline import generation
from django_polyimages.pipeline.rollback import wait_for_removals
from django_polyimages.pipeline.store import StoredImage, store
from tests.documents import PROJECT
from tests.drawing import photo


def rendered(source: str, **context: Any) -> str:
    """What a template says that loads the tags."""
    return Template("{% load polyimages %}" + source).render(Context(context))


def stored_keys(backend: Storage | None = None, folder: str = "images") -> list[str]:
    """Every key below the prefix, sorted; without those of transactions that were rolled back."""
    assert wait_for_removals(10)
    backend = backend or storage.get_storage()
    if not backend.exists(folder):
        return []
    return sorted(f"{folder}/{name}" for name in backend.listdir(folder)[1])


def store_one(content: bytes | None = None) -> StoredImage:
    """An original and its versions in the storage, and no row."""
    with store(ContentFile(content or photo()), using="default") as stored:
        pass
    return stored


def keys_of(stored: StoredImage) -> list[str]:
    """The keys of all its files, sorted."""
    return sorted([stored.key, *(one.key for one in stored.generated.versions.values())])


def statements(queries: CaptureQueriesContext) -> list[str]:
    """The first word of each."""
    return [query["sql"].split()[0] for query in queries]


def tables_read(queries: Iterable[dict[str, str]]) -> list[str]:
    """The table that each of these reads from."""
    return [query["sql"].split(" FROM ")[1].split()[0].strip('`"') for query in queries]


def read(key: str) -> bytes:
    with storage.get_storage().open(key) as file:
        content: bytes = file.read()
    return content


class CountingStorage:
    """Stands before a storage and writes down each call that would cost a request on S3."""

    FREE = {"url", "generate_filename", "get_valid_name", "bucket", "is_name_available"}

    def __init__(self, backend: Storage) -> None:
        self.backend = backend
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in self.FREE:
            self.calls.append(name)
        return getattr(self.backend, name)


@contextmanager
def storage_calls(monkeypatch) -> Iterator[list[str]]:
    """The calls of our storage inside the block."""
    counting = CountingStorage(storage.get_storage())
    with monkeypatch.context() as patch:
        for module in ("storage", "versions", "models.images"):
            patch.setattr(f"django_polyimages.{module}.get_storage", lambda: counting)
        yield counting.calls


@contextmanager
def decodes(monkeypatch) -> Iterator[list[object]]:
    """The decodes of originals inside the block."""
    real, calls = generation.decode, []

    def decode(*args, **options):
        calls.append(args)
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(generation, "decode", decode)
        yield calls


def told_by_check(module: str, *lines: str, folder: Path, **variables: str) -> str:
    """The output of ``manage.py check`` in a separate project."""
    (folder / "host_settings.py").write_text("\n".join([f"from {module} import *", *lines]))
    path = os.pathsep.join(
        map(str, [folder, *(PROJECT / one for one in ("src", "", "example_project"))])
    )
    result = subprocess.run(
        [sys.executable, "-m", "django", "check", "--fail-level", "WARNING"],
        env=os.environ
        | {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "host_settings"}
        | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def require(program: Path) -> None:
    """Skip with a reason where a server is not installed; in CI that is a failure."""
    if not program.exists():
        skip(f"{program.name} is not installed at {program}")


def require_resizer() -> None:
    """Skip where cykooz-resizer is not installed; in CI that is a failure."""
    if find_spec("cykooz_resizer") is None:
        skip("cykooz-resizer is not installed")


def skip(reason: str) -> None:
    """Skip a test whose tools are not there; in CI that is a failure."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def in_a_new_process(code: str) -> str:
    """The last line that this prints, with Django set up, in a process that did nothing before."""
    folders = (PROJECT / "src", PROJECT, PROJECT / "example_project")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import django\ndjango.setup()\n{code}"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
