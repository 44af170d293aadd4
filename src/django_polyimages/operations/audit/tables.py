"""The rows that an audit reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connections, router
from django.db.models import QuerySet

from django_polyimages.models import AbstractImage
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.models.ownership import image_models
from django_polyimages.operations.audit.inventory import RecordedFile

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImageTable:
    """The images of one model in one database."""

    model: type[AbstractImage]
    using: str

    @property
    def is_in_use(self) -> bool:
        """Whether the images are written here. Elsewhere their files are only left alone."""
        return router.db_for_write(self.model) == self.using

    def rows(self) -> QuerySet[Any]:
        """All of them, whatever the default manager of a host hides."""
        return self.model._base_manager.using(self.using)


def image_tables() -> list[ImageTable]:
    """Every table of images, of whatever model and database: they may share one storage."""
    return [
        ImageTable(model, using)
        for using in databases()
        for model in image_models(using)
        if issubclass(model, AbstractImage)
    ]


def databases() -> list[str]:
    """The databases that have a table of images."""
    return [
        using
        for using in connections
        if any(model._meta.db_table in _tables(using) for model in image_models(using))
    ]


def row_of(model: str, image: str) -> AbstractImage | None:
    """The image with this label and primary key as text, as it is now."""
    found = apps.get_model(model)
    try:
        key = key_field_of(found).to_python(image)
    except ValidationError:
        return None
    rows = found._base_manager.using(router.db_for_write(found))
    row: AbstractImage | None = rows.filter(pk=key).first()
    return row


def files_of(image: AbstractImage) -> Iterator[RecordedFile]:
    """The files of an image, the original first."""
    model, pk = image._meta.label, str(image.pk)
    if image.file:
        yield RecordedFile(image.key, model, pk, image.byte_size)
    for version in image.versions.values():
        yield RecordedFile(version.key, model, pk, version.byte_size)


def parts(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size`` items."""
    while some := list(islice(items, size)):
        yield some


def _tables(using: str) -> list[str]:
    return connections[using].introspection.table_names()
