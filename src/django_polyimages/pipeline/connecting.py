"""Connects to the storage before the first upload of a process."""

from __future__ import annotations

from typing import Final

from django.core.signals import request_finished

from django_polyimages import storage
from django_polyimages.pipeline import threads

_UID: Final = "django_polyimages.connecting"


def connect_after_first_request() -> None:
    """Make the clients of S3 in the background once a process has answered its first request.

    That takes 100 ms of CPU time and more, without a request to the server. Commands, and processes
    that fork others, answer no request.
    """
    request_finished.connect(_connect, dispatch_uid=_UID)


def _connect(**kwargs: object) -> None:
    request_finished.disconnect(dispatch_uid=_UID)
    threads.submit("transfers", storage.connect)  # an upload reports what fails
