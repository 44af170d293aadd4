"""``{% load polyimages %}``: shells around ``rendering``."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from django_polyimages import rendering
from django_polyimages.models import AbstractImage, AbstractImageRelation

register = template.Library()


@register.simple_tag
def picture(subject: AbstractImage | AbstractImageRelation | None, **options: Any) -> str:
    """``{% picture relation sizes="50vw" class="card" %}``; nothing for ``None``, as a cover that
    is not there.
    """
    return SafeString() if subject is None else rendering.picture(subject, **options).__html__()


@register.simple_tag
def image_url(subject: AbstractImage | AbstractImageRelation | None, name: str) -> str:
    """``{% image_url relation "thumb" %}``: the version's URL, or the next best one's; empty while
    there is none.
    """
    version = None if subject is None else rendering.image_of(subject).version(name)
    return "" if version is None else version.url
