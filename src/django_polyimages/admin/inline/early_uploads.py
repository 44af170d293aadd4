"""Stores the files of a page before anything is written to the database.

Django's admin saves a page in one transaction: first the object, then its images. Stored in that
order, the row of the object would be locked until the storage has taken the last file.

On SQLite the order stays. The transaction has read before, and SQLite refuses its first write
("database is locked") if anybody else has written meanwhile, so the time between must be short.
With ``transaction_mode`` IMMEDIATE it has the lock from the beginning. To give it up while files
are stored, the transaction would have to be committed and begun again, but only Django's code that
opened it could know that nothing has been written in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ObjectDoesNotExist
from django.core.files.base import File
from django.db import router
from django.db.models import Model
from django.db.models.signals import pre_save

from django_polyimages.accessors import get_image_model
from django_polyimages.errors import InvalidImage, StorageUnavailable
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.joins.metadata import locks_rows
from django_polyimages.models.organizations import organization_of
from django_polyimages.pipeline.early import store_early
from django_polyimages.pipeline.patience import waiting_together

_ACTIONS = "_polyimages_before_saving"


def before_saving(obj: Model, action: Callable[[], None]) -> None:
    """Call ``action`` once, when ``obj`` is about to be written.

    In the admin, this is when all forms of the page are valid and none is saved yet.
    """
    pre_save.connect(_call_actions, sender=type(obj), dispatch_uid=_ACTIONS)
    obj.__dict__.setdefault(_ACTIONS, []).append(action)


def _call_actions(instance: Model, **_signal: Any) -> None:
    for action in instance.__dict__.pop(_ACTIONS, ()):
        action()


def store_files_for(
    obj: Model, files: Iterable[File[bytes]]
) -> dict[File[bytes], InvalidImage | StorageUnavailable]:
    """Store ``files`` for ``obj.images.attach()``; returns those that failed, with the reason.

    A storage that fails once is not tried again: each attempt may last until a timeout, and all of
    them together wait for it no longer than one file may. Does nothing on SQLite, and while it is
    not known whom the files will belong to.
    """
    using = router.db_for_write(get_image_model(), instance=obj)
    if not locks_rows(using):
        return {}
    try:
        owner = organization_of(obj).pk
    except (FieldDoesNotExist, ImproperlyConfigured, ObjectDoesNotExist, ValueError):
        return {}
    note = FileDeletion.objects.db_manager(using).note
    refused: dict[File[bytes], InvalidImage | StorageUnavailable] = {}
    down: StorageUnavailable | None = None
    with waiting_together():
        for file in files:
            try:
                if down:
                    raise down
                store_early(file, using=using, note=note, owner=owner)
            except StorageUnavailable as error:
                refused[file] = down = error
            except InvalidImage as error:
                refused[file] = error
    return refused
