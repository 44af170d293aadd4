"""What the deletion of images takes with it, as the admin shows it before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import NestedObjects, quote
from django.db import router
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from django_polyimages.admin.library.columns import all_relations
from django_polyimages.models import AbstractImage
from django_polyimages.models.joins.metadata import dependents_of


class Deletion(NestedObjects):
    """Counts relations instead of loading them: one image may have a hundred thousand.

    Relations that other rows of the host refer to are loaded, since those would be deleted with
    them, or protect them.
    """

    def __init__(self, images: Sequence[AbstractImage]) -> None:
        super().__init__(using=router.db_for_write(type(images[0])), origin=images)
        self.relation_model = all_relations(type(images[0])).model
        self.number_of_relations = 0
        self.collect(images)

    def related_objects(self, related_model: Any, related_fields: Any, objs: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().related_objects(related_model, related_fields, objs)
        if related_model is not self.relation_model:
            return rows
        self.number_of_relations += rows.count()
        used = [
            Q(Exists(field.model._base_manager.filter(**{field.name: OuterRef("pk")})))
            for field in dependents_of(related_model)
        ]
        return rows.filter(reduce(or_, used)) if used else rows.none()


def deleted_objects(images: Sequence[AbstractImage], request: HttpRequest, site: AdminSite) -> Any:
    """What ``ModelAdmin.get_deleted_objects()`` returns, with relations counted only."""
    if not images:
        return [], {}, set(), []
    deletion = Deletion(images)
    lacking: set[Any] = set()

    def line(obj: Model) -> str:
        if not _may_delete(type(obj), request, site, obj):
            lacking.add(obj._meta.verbose_name)
        return _line(obj, site)

    lines = deletion.nested(line)
    protected = [line(obj) for obj in deletion.protected]
    collected = cast("dict[type[Model], set[Any]]", deletion.model_objs)
    counts = {model._meta.verbose_name_plural: len(objs) for model, objs in collected.items()}
    relation = deletion.relation_model
    if deletion.number_of_relations:
        counts[relation._meta.verbose_name_plural] = deletion.number_of_relations
        if not _may_delete(relation, request, site):
            lacking.add(relation._meta.verbose_name)
    return lines, counts, lacking, protected


def _may_delete(
    model: type[Model], request: HttpRequest, site: AdminSite, obj: Model | None = None
) -> bool:
    """As in Django, whoever may delete an object may delete what the admin does not know."""
    if not site.is_registered(model):
        return True
    return bool(site.get_model_admin(model).has_delete_permission(request, obj))


def _line(obj: Model, site: AdminSite) -> str:
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
