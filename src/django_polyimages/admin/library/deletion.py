"""What a deletion takes with it, as the admin shows it before. Long lists are counted instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import NestedObjects, quote
from django.db import router
from django.db.models import CASCADE, PROTECT, RESTRICT, Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.models.counting import count_up_to
from django_polyimages.models.joins.metadata import dependents_of, on_delete_of
from django_polyimages.models.usage import relation_model_of

MOST_LOADED = 100
"""Rows of one model that are loaded and listed; if there are more, they are counted."""


class Deletion(NestedObjects):
    """Counts relations, images and long lists instead of loading them: one image may be attached to
    a hundred thousand objects, and one organization may have as many images.

    Of the rows that are counted, some of those that other rows refer to are loaded all the same,
    since those would be deleted with them, or protect them.
    """

    def __init__(self, objs: Sequence[Model]) -> None:
        super().__init__(using=router.db_for_write(type(objs[0])), origin=objs)
        self.unloaded: dict[type[Model], list[QuerySet[Any]]] = defaultdict(list)
        """Rows that would be deleted and are not loaded. A relation may be among those of its image
        and of its object."""
        self.collect(objs)

    def numbers(self) -> dict[type[Model], int]:
        """How many rows of each model would be deleted."""
        loaded = cast("dict[type[Model], set[Any]]", self.model_objs)
        numbers = {model: len(objs) for model, objs in loaded.items()}
        for model, parts in self.unloaded.items():
            conditions = [Q(pk__in=rows.order_by().values("pk")) for rows in parts]
            rows = model._base_manager.using(self.using).filter(reduce(or_, conditions))
            numbers[model] = numbers.get(model, 0) + rows.count()
        return {model: number for model, number in numbers.items() if number}

    def collect(self, objs: Any, *args: Any, **kwargs: Any) -> None:
        """As Django does; the relations of an object that has images arrive here as a queryset."""
        if isinstance(objs, QuerySet) and issubclass(objs.model, AbstractImageRelation):
            objs = self._referred_to(objs)
        super().collect(objs, *args, **kwargs)

    def related_objects(self, related_model: Any, related_fields: Any, objs: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().related_objects(related_model, related_fields, objs)
        on_delete = {on_delete_of(field) for field in related_fields}
        if on_delete & {PROTECT, RESTRICT}:
            return rows[:MOST_LOADED]
        if on_delete != {CASCADE}:
            return rows
        is_counted = issubclass(related_model, AbstractImageRelation | AbstractImage)
        if not is_counted and count_up_to(MOST_LOADED, rows) is not None:
            return rows
        return self._referred_to(rows)

    def _referred_to(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Some of ``rows`` that other rows refer to; the rest is to be counted."""
        model = rows.model
        dependents = dependents_of(model)
        if issubclass(model, AbstractImage):
            relation_model = relation_model_of(model)
            dependents = [one for one in dependents if one.model is not relation_model]
        used = [
            Q(Exists(field.model._base_manager.filter(**{field.name: OuterRef("pk")})))
            for field in dependents
        ]
        some = rows.filter(reduce(or_, used)) if used else rows.none()
        keys = list(some.values_list("pk", flat=True)[:MOST_LOADED])
        left = rows.exclude(pk__in=keys)
        self.unloaded[model].append(left)
        if issubclass(model, AbstractImage):
            relations = relation_model_of(model)._base_manager.using(self.using)
            self.unloaded[relations.model].append(relations.filter(image__in=left.values("pk")))
        return rows.filter(pk__in=keys) if keys else rows.none()


def deleted_objects(objs: Sequence[Model], request: HttpRequest, site: AdminSite) -> Any:
    """What ``ModelAdmin.get_deleted_objects()`` returns, with long lists counted only."""
    if not objs:
        return [], {}, set(), []
    deletion = Deletion(objs)
    lacking: set[Any] = set()

    def line(obj: Model) -> str:
        if not may_delete(type(obj), request, site, obj):
            lacking.add(obj._meta.verbose_name)
        return line_of(obj, site)

    lines = deletion.nested(line)
    numbers = deletion.numbers()
    if _keeps_images(numbers):
        lines.append(_("The images themselves stay in the library."))
    protected = [line(obj) for obj in deletion.protected]
    not_loaded = [model for model in deletion.unloaded if model in numbers]
    lacking |= lacking_permissions(not_loaded, request, site)
    counts = {model._meta.verbose_name_plural: number for model, number in numbers.items()}
    return lines, counts, lacking, protected


def _keeps_images(models: Iterable[type[Model]]) -> bool:
    """Whether relations are deleted, and no image."""
    found = tuple(models)
    return any(issubclass(one, AbstractImageRelation) for one in found) and not any(
        issubclass(one, AbstractImage) for one in found
    )


def lacking_permissions(
    models: Iterable[type[Model]], request: HttpRequest, site: AdminSite
) -> set[Any]:
    """The names of those models whose rows the user may not delete."""
    return {one._meta.verbose_name for one in models if not may_delete(one, request, site)}


def may_delete(
    model: type[Model], request: HttpRequest, site: AdminSite, obj: Model | None = None
) -> bool:
    """As in Django, whoever may delete an object may delete what the admin does not know."""
    if not site.is_registered(model):
        return True
    return bool(site.get_model_admin(model).has_delete_permission(request, obj))


def line_of(obj: Model, site: AdminSite) -> str:
    meta = obj._meta
    kind = capfirst(meta.verbose_name)
    if site.is_registered(type(obj)):
        name = f"{site.name}:{meta.app_label}_{meta.model_name}_change"
        try:
            url = reverse(name, args=[quote(obj.pk)])
        except NoReverseMatch:
            return f"{kind}: {obj}"
        return format_html('{}: <a href="{}">{}</a>', kind, url, obj)
    return f"{kind}: {obj}"
