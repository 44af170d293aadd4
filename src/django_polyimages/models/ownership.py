"""Whose files are whose: rows share files where one was copied from the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.apps import apps
from django.db import router

from django_polyimages.models.original_field import OriginalField

_AT_ONCE = 500
"""How many keys one query looks up; databases limit its parameters."""


def keys_in_use(originals: Collection[str], *, using: str) -> set[str]:
    """The keys of all files of the rows in the database ``using`` that have one of ``originals``.

    Makes one query for each image model, the default one and those of hosts.
    """
    return {
        key
        for model in image_models(using)
        for some in _parts(sorted(originals))
        for image in model._base_manager.using(using).filter(file__in=some).only("file", "versions")
        for key in image.keys
    }


def image_models(using: str) -> Iterator[type[Any]]:
    """The models with a table of their own whose rows have an original."""
    for model in apps.get_models():
        fields = model._meta.get_fields()
        has_original = any(isinstance(one, OriginalField) and one.model is model for one in fields)
        if has_original and router.allow_migrate_model(using, model):
            yield model


def _parts(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
