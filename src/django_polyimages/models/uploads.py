"""Uploading a file for an object that it is to be attached to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from django.core.files.base import File
from django.db import DEFAULT_DB_ALIAS, connections, models, router, transaction

from django_polyimages.accessors import get_image_model
from django_polyimages.models.organizations import organization_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from django_polyimages.models.images import AbstractImage


@contextmanager
def uploaded_for(
    obj: models.Model, file: File[bytes], creator: AbstractBaseUser | None
) -> Iterator[AbstractImage]:
    """A new image of the organization of ``obj``, deleted again if the block fails."""
    organization = organization_of(obj)
    model = get_image_model()
    images = model.objects.db_manager(router.db_for_write(model, instance=obj))
    with ExitStack() as undo:
        image = images.upload(file, organization=organization, creator=creator)
        undo.callback(_discard, image)
        yield image
        undo.pop_all()


def _discard(image: AbstractImage) -> None:
    using = image._state.db or DEFAULT_DB_ALIAS
    if connections[using].in_atomic_block and transaction.get_rollback(using):
        return  # the caller's transaction is lost, and takes back the upload too
    image.delete()
