"""The objects that use an image, as the admin shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.contrib.auth import get_permission_codename
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from django_polyimages.admin.library.usage_rows import MOST_SHOWN, FoundUse, found_uses
from django_polyimages.models import AbstractImage
from django_polyimages.models.usage import relation_model_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One object that uses an image."""

    model: str
    """The verbose name of the object's model."""
    name: str
    """The object as text, or its primary key if the object is gone or hidden from the user."""
    url: str
    """Its page in the admin; empty if there is none or the user may not view the object."""
    is_cover: bool
    vanished: bool
    """Whether the object no longer exists."""

    def __html__(self) -> SafeString:
        name = format_html('<a href="{}">{}</a>', self.url, self.name) if self.url else self.name
        notes = [pgettext("image", "cover")] if self.is_cover else []
        notes += [_("no longer exists")] if self.vanished else []
        text = format_html("{} {}", self.model, name)
        return format_html("{} ({})", text, ", ".join(notes)) if notes else text

    def __str__(self) -> str:
        return self.__html__()


@dataclass(frozen=True, slots=True)
class Uses:
    """The objects that use one image."""

    shown: Sequence[Use]
    number: int
    """The total number."""

    @property
    def more(self) -> str:
        """A text with the number of objects not shown; empty if all are shown."""
        return and_more(self.number - len(self.shown))

    def __html__(self) -> SafeString:
        """One line such as ``Used by: contact Mara (cover), product Lamp``."""
        parts = [*self.shown, *([self.more] if self.more else [])]
        return format_html(
            _("Used by: {objects}"), objects=format_html_join(", ", "{}", zip(parts))
        )

    def __str__(self) -> str:
        return self.__html__()


def and_more(rest: int) -> str:
    """The end of a list that leaves out ``rest`` items; empty if ``rest`` is 0."""
    message = ngettext("and %(count)d more", "and %(count)d more", rest)
    return message % {"count": rest} if rest else ""


def uses_of(
    images: Sequence[AbstractImage], request: HttpRequest, site: AdminSite
) -> dict[Any, Uses]:
    """What uses each image, by the image's primary key.

    Besides the queries of ``found_uses()``, this makes one for each model of the objects. An object
    that the user may not view appears with its model and primary key only.
    """
    found = list(found_uses(images))
    visible = _visible([one.obj for one in found if one.obj], request, site)
    shown: dict[Any, list[Use]] = {image.pk: [] for image in images}
    numbers: dict[Any, int] = dict.fromkeys(shown, 0)
    for one in found:
        numbers[one.image] += one.number if one.place == 1 else 0
        if len(shown[one.image]) < MOST_SHOWN:
            shown[one.image].append(_use(one, visible, site))
    return {pk: Uses(shown[pk], numbers[pk]) for pk in shown}


def with_uses(
    lines: list[Any], images: Sequence[AbstractImage], uses: dict[Any, Uses]
) -> list[Any]:
    """``lines`` of ``get_deleted_objects()``, with a single line about what uses an image instead
    of one line for each of its relations.
    """
    if not images or sum(not isinstance(line, list) for line in lines) != len(images):
        return lines  # a host's images that refer to each other are nested
    start = f"{capfirst(relation_model_of(type(images[0]))._meta.verbose_name)}: "
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


def _visible(
    objects: Sequence[Model], request: HttpRequest, site: AdminSite
) -> set[tuple[type[Model], Any]]:
    """The model and primary key of each object that the user may view."""
    keys: dict[type[Model], set[Any]] = defaultdict(set)
    for obj in objects:
        keys[type(obj)].add(obj.pk)
    visible = set()
    for model, some in keys.items():
        rows = _rows_for(model, request, site).filter(pk__in=some)
        visible |= {(model, pk) for pk in rows.values_list("pk", flat=True)}
    return visible


def _rows_for(model: type[Model], request: HttpRequest, site: AdminSite) -> QuerySet[Any]:
    rows: QuerySet[Any] = model._base_manager.all()
    if site.is_registered(model):
        model_admin = site.get_model_admin(model)
        allowed, rows = model_admin.has_view_permission(request), model_admin.get_queryset(request)
    else:
        codename = get_permission_codename("view", model._meta)
        user: Any = request.user
        allowed = user.has_perm(f"{model._meta.app_label}.{codename}")
    return rows if allowed else rows.none()


def _use(found: FoundUse, visible: set[tuple[type[Model], Any]], site: AdminSite) -> Use:
    obj = found.obj
    may_see = obj is not None and (type(obj), obj.pk) in visible
    return Use(
        model=found.kind,
        name=str(obj) if may_see else found.key,
        url=_admin_url(obj, site) if obj is not None and may_see else "",
        is_cover=found.is_cover,
        vanished=obj is None,
    )


def _admin_url(obj: Model, site: AdminSite) -> str:
    model = type(obj)
    if not site.is_registered(model):
        return ""
    name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
    try:
        return reverse(name, args=[quote(obj.pk)], current_app=site.name)
    except NoReverseMatch:
        return ""  # an admin with different URLs
