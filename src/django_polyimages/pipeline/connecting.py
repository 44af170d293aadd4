"""Prepares a process for its first upload: connects to the storage, and tries the resizer."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from django.core.signals import request_finished

from django_polyimages import storage
from django_polyimages.pipeline import threads
from django_polyimages.pixels import resampling

_UID: Final = "django_polyimages.connecting"


def connect_after_first_request() -> None:
    """Make the clients of S3 in the background once a process has answered its first request, and
    find out what scales.

    The clients take 100 ms of CPU time and more, without a request to the server, and the resizer
    10 ms. Commands, and processes that fork others, answer no request.
    """
    request_finished.connect(_connect, dispatch_uid=_UID)


def _connect(**kwargs: object) -> None:
    request_finished.disconnect(dispatch_uid=_UID)
    with suppress(RuntimeError):  # no thread can be started
        threads.submit("transfers", storage.connect)  # an upload reports what fails
        threads.submit("encoders", resampling.is_fast)
