"""Which objects use an image, as the admin tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.db.models import Model, prefetch_related_objects
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from django_polyimages.admin.columns import relations_of
from django_polyimages.models import AbstractImage, AbstractImageRelation

MOST_SHOWN = 50
"""How many objects are named; of the others only the number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One object that an image is attached to."""

    model: str
    """The verbose name of the object's model."""
    name: str
    """The object as text, or its key where it has vanished."""
    url: str
    """Its page in the admin; empty where there is none or the user may not see it."""
    is_cover: bool
    vanished: bool
    """Whether the object is not in the database any more."""

    def __html__(self) -> SafeString:
        name = format_html('<a href="{}">{}</a>', self.url, self.name) if self.url else self.name
        notes = [pgettext("image", "cover")] if self.is_cover else []
        notes += [_("does not exist any more")] if self.vanished else []
        text = format_html("{} {}", self.model, name)
        return format_html("{} ({})", text, ", ".join(notes)) if notes else text

    def __str__(self) -> str:
        return self.__html__()


@dataclass(frozen=True, slots=True)
class Uses:
    """The objects that use one image."""

    shown: Sequence[Use]
    number: int
    """How many there are in all."""

    @property
    def more(self) -> str:
        """Says how many are not shown; empty where all are."""
        return and_more(self.number - len(self.shown))

    def __html__(self) -> SafeString:
        """One line, as ``Used by: contact Mara (cover), product Lamp``."""
        parts = [*self.shown, *([self.more] if self.more else [])]
        return format_html(
            _("Used by: {objects}"), objects=format_html_join(", ", "{}", zip(parts))
        )

    def __str__(self) -> str:
        return self.__html__()


def and_more(rest: int) -> str:
    """Ends a list that leaves out ``rest``; empty where it leaves out nothing."""
    message = ngettext("and %(count)d more", "and %(count)d more", rest)
    return message % {"count": rest} if rest else ""


def uses_of(
    images: Sequence[AbstractImage], request: HttpRequest, site: AdminSite
) -> dict[Any, Uses]:
    """For each image's key what uses it. Queries: one, and one for each model of the objects."""
    found: dict[Any, list[AbstractImageRelation]] = {image.pk: [] for image in images}
    if images:
        relations = relations_of(type(images[0])).filter(image__in=found)
        relations = relations.select_related("content_type")
        for relation in relations.order_by("-is_cover", "pk"):
            found[relation.image_id].append(relation)
    shown = [relation for some in found.values() for relation in some[:MOST_SHOWN]]
    prefetch_related_objects([one for one in shown if _can_exist(one)], "content_object")
    return {
        pk: Uses([_use(one, request, site) for one in some[:MOST_SHOWN]], len(some))
        for pk, some in found.items()
    }


def with_uses(
    lines: list[Any], images: Sequence[AbstractImage], uses: dict[Any, Uses]
) -> list[Any]:
    """What a deletion takes along, as ``get_deleted_objects()`` lists it, with one line that says
    what uses an image in place of a line for each of its relations.
    """
    if sum(not isinstance(line, list) for line in lines) != len(images):
        return lines  # images of a host that belong to each other, listed below each other
    start = f"{capfirst(relations_of(type(images[0])).model._meta.verbose_name)}: "
    left, told = iter(images), []
    for line, following in zip_longest(lines, lines[1:]):
        if isinstance(line, list):
            continue
        below = following if isinstance(following, list) else []
        below = [one for one in below if isinstance(one, list) or not one.startswith(start)]
        used = uses[next(left).pk]
        below += [str(used)] if used.number else []
        told += [line, below] if below else [line]
    return told


def _can_exist(relation: AbstractImageRelation) -> bool:
    """Whether there is still such a model, and a key like this in it."""
    model = relation.content_type.model_class()
    if model is None:
        return False
    try:
        model._meta.pk.to_python(relation.object_id)
    except ValidationError:
        return False
    return True


def _use(relation: AbstractImageRelation, request: HttpRequest, site: AdminSite) -> Use:
    obj = relation.content_object if _can_exist(relation) else None
    return Use(
        model=relation.content_type.name,
        name=relation.object_id if obj is None else str(obj),
        url="" if obj is None else _admin_url(obj, request, site),
        is_cover=relation.is_cover,
        vanished=obj is None,
    )


def _admin_url(obj: Model, request: HttpRequest, site: AdminSite) -> str:
    model = type(obj)
    if not site.is_registered(model):
        return ""
    if not site.get_model_admin(model).has_view_permission(request, obj):
        return ""
    name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
    try:
        return reverse(name, args=[quote(obj.pk)], current_app=site.name)
    except NoReverseMatch:
        return ""  # an admin with URLs of its own
