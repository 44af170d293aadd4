"""The functions ``picture``, ``image_url`` and ``image_link`` for Jinja2."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, Undefined
from jinja2.ext import Extension

from django_polyimages.templatetags import polyimages as tags

__all__ = ["PolyimagesExtension"]


class PolyimagesExtension(Extension):
    """An extension of Jinja2 that adds three functions, which write what the template tags write.

    ``{{ picture(relation, sizes="20rem") }}``, ``{{ image_url(relation, "lg") }}`` and
    ``{{ image_link(relation, "lg") }}`` write nothing for ``None`` and for an undefined variable,
    except if the environment is strict about these.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(picture=_picture, image_url=_image_url, image_link=_image_link)


def _picture(subject: Any, **options: Any) -> str:
    return tags.picture(_or_none(subject), **options)


def _image_url(subject: Any, name: str) -> str:
    return tags.image_url(_or_none(subject), name)


def _image_link(subject: Any, name: str) -> str:
    return tags.image_link(_or_none(subject), name)


def _or_none(subject: Any) -> Any:
    """None for an empty text and an undefined variable, which raises here if it is a strict one."""
    empty = isinstance(subject, str | Undefined | None) and not subject
    return None if empty else subject
