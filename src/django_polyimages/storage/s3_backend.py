"""The storage that ``s3_storage()`` names: that of django-storages, which has to be installed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from copy import copy
from typing import Any
from weakref import WeakKeyDictionary

from storages.backends.s3 import S3Storage

from django_polyimages.storage.keys import is_original


class S3ImageStorage(S3Storage):  # type: ignore[misc]
    """Lets browsers download originals, and never open one as a page. All threads share a client.

    That of django-storages makes a session and a client of boto3 for each thread that asks for a
    URL, a listing or whether a file exists, with 100 ms of CPU time and more. boto3's clients may
    be used by several threads at the same time; only making one may not.
    """

    def get_default_settings(self) -> dict[str, Any]:
        """The options of django-storages, and ``provider``."""
        return {"provider": None, **super().get_default_settings()}

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """The headers of an object; ``object_parameters`` of the options come first."""
        parameters: dict[str, Any] = super().get_object_parameters(name)
        if is_original(name):
            parameters.setdefault("ContentDisposition", "attachment")
        return parameters

    @property
    def connection(self) -> Any:
        """The resource of boto3, made once in a process.

        By a copy, which has no connection yet: a thread keeps its own, even in a forked process.
        """
        return _once(self, "connection", lambda: super(S3ImageStorage, copy(self)).connection)

    @property
    def unsigned_connection(self) -> Any:
        """The resource for URLs without a signature, made once in a process."""
        return _once(
            self, "unsigned", lambda: super(S3ImageStorage, copy(self)).unsigned_connection
        )

    @property
    def bucket(self) -> Any:
        """The bucket, which uses ``connection``."""
        return _once(self, "bucket", lambda: self.connection.Bucket(self.bucket_name))


_made: WeakKeyDictionary[S3ImageStorage, dict[str, Any]] = WeakKeyDictionary()
_making = threading.RLock()


def _once(backend: S3ImageStorage, name: str, make: Callable[[], Any]) -> Any:
    with _making:
        own = _made.setdefault(backend, {})
        if name not in own:
            own[name] = make()
        return own[name]


def _forget() -> None:
    """Connections to a server cannot be shared with a forked process, which makes its own."""
    global _making
    _making = threading.RLock()
    _made.clear()


os.register_at_fork(after_in_child=_forget)
