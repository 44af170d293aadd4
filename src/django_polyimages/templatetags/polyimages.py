"""``{% load polyimages %}``: template tags that call ``rendering``."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from django_polyimages import rendering
from django_polyimages.models import AbstractImage, AbstractImageRelation

register = template.Library()


@register.simple_tag
def picture(subject: AbstractImage | AbstractImageRelation | None, **options: Any) -> str:
    """``{% picture relation sizes="50vw" class="card" %}``; writes nothing for ``None``, such as a
    missing cover.
    """
    return SafeString() if subject is None else rendering.picture(subject, **options).__html__()


@register.simple_tag
def image_url(subject: AbstractImage | AbstractImageRelation | None, name: str) -> str:
    """``{% image_url relation "thumb" %}``: the URL of the version, or of the next best one; empty
    if there is none.
    """
    version = None if subject is None else rendering.image_of(subject).version(name)
    return "" if version is None else version.url
