"""Primary keys as texts: each key has one spelling, the one that ``str(obj.pk)`` gives."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model

from django_polyimages.models.joins.metadata import key_field_of

MAX_LENGTH = 255
"""The maximum length of a primary key as text: that of ``object_id``."""


def canonical_key(model: type[Model], spelled: object) -> Any:
    """The primary key whose one spelling is ``spelled``; None if it is not the spelling of any.

    ``"01"``, ``"+1"`` and full-width digits are no spellings of 1: an object has one id.
    """
    text = str(spelled)
    if len(text) > MAX_LENGTH or not is_storable(text):
        return None
    field = key_field_of(model)
    try:
        key = field.to_python(text)
        field.run_validators(key)  # also checks the range of an integer column
    except ValidationError:
        return None
    return key if str(key) == text else None


def is_storable(text: str) -> bool:
    """Whether ``text`` has no character that databases refuse: NUL, lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
