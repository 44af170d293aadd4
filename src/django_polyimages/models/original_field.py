"""The column of the original, whose file may be in a storage of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from django.core.exceptions import FieldError
from django.core.files.storage import Storage
from django.db import models
from django.db.models.fields.files import FieldFile
from django.urls import reverse

from django_polyimages.storage import get_original_storage, needs_view, storage_of
from django_polyimages.storage.signing import url_of

_FACTS = ("width", "height", "byte_size")
_REFUSAL = (
    "A row describes a file that was checked and stored. Upload the file with "
    "objects.upload(file, organization=...), which does both and inserts the row."
)
_IMPORT = (
    " If the file is in the storage already, give its key as file=, with width=, height= and "
    "byte_size= (see the guide on attaching images)."
)


class OriginalFile(FieldFile):
    """``image.file``: opened where the original is, with the URL that it has for members."""

    @property
    def storage(self) -> Storage:
        """The storage of the original; the field names that of the versions, as migrations do."""
        return storage_of(self.name) if self.name else get_original_storage()

    @storage.setter
    def storage(self, _storage: Storage) -> None:
        """Django assigns the storage of the field."""

    def save(self, name: str, content: Any, save: bool = True) -> NoReturn:  # noqa: FBT001, FBT002 (Django's signature)
        """Raises ``TypeError``: ``upload()`` is the only way into the storage."""
        raise TypeError(_REFUSAL)

    save.alters_data = True  # type: ignore[attr-defined]

    @property
    def url(self) -> str:
        """The URL of the original, or ``ValueError`` where there is none, as in Django."""
        if not self.name:
            return super().url
        if needs_view(self.name):
            if self.instance.pk is None:
                raise ValueError("An image that is not saved has no URL of its original.")
            return reverse("polyimages:original", args=[self.instance.pk])
        return url_of(self.storage, self.name)


class OriginalField(models.FileField):
    """A ``FileField`` whose file is in the storage of originals."""

    attr_class = OriginalFile

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 (Django's signature)
        """Raises ``TypeError`` for a file that is not stored, and for a new row that does not say
        what is known of its file. Fixtures (``raw``) do not come here.
        """
        try:
            file = super().pre_save(model_instance, add)
        except FieldError:  # a file without a name
            raise TypeError(_REFUSAL) from None
        facts = [getattr(model_instance, name, None) for name in _FACTS]
        if add and (not file or None in facts):
            raise TypeError(_REFUSAL + _IMPORT)
        return file

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Deconstruct as Django's field, so that migrations of hosts do not import this module."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.FileField", args, kwargs
