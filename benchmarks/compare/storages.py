"""Storages that count their calls. All instances count together, since packages make their own."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.files.storage import FileSystemStorage

CALLS: Counter[str] = Counter()
COUNTED = ("exists", "open", "save", "size", "delete", "listdir", "get_modified_time", "url")


def counting(base: type[Any]) -> type[Any]:
    """A subclass whose methods count their calls, those of the storage itself as well."""

    def counted(name: str) -> Any:
        def method(self: Any, *arguments: Any, **options: Any) -> Any:
            CALLS[name] += 1
            return getattr(super(storage, self), name)(*arguments, **options)

        return method

    methods = {name: counted(name) for name in COUNTED}
    storage = type(f"Counting{base.__name__}", (base,), {"__module__": __name__, **methods})
    return storage


CountingFileSystemStorage = counting(FileSystemStorage)
