"""Relations to objects that are gone, and objects with two covers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

from django.contrib.contenttypes.models import ContentType
from django.db import router, transaction
from django.db.models import Count, Model, QuerySet

from django_polyimages.accessors import get_relation_model
from django_polyimages.models import AbstractImageRelation
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.joins.prefetch import cover_first
from django_polyimages.models.primary_keys import canonical_key
from django_polyimages.models.relation_rows import do_locked
from django_polyimages.operations.audit.findings import AuditPlan, Finding, finding_of
from django_polyimages.operations.pages import pages
from django_polyimages.operations.timing import Stop, until_asked

_Rows: TypeAlias = QuerySet[Any]


def dangling_relations(plan: AuditPlan, stop: Stop | None = None) -> Iterator[Finding]:
    """Relations to objects that do not exist; with ``fix``, delete them.

    Those to a model that is gone are kept: its app may be missing from ``INSTALLED_APPS`` by
    mistake, or come back.
    """
    rows = _relations()
    for key in list(rows.order_by().values_list("content_type", flat=True).distinct()):
        about = rows.filter(content_type=key)
        content_type = ContentType.objects.db_manager(rows.db).get_for_id(key)
        model = content_type.model_class()
        if model is None:
            yield from until_asked(_without_model(about, content_type), stop)
        else:
            yield from _without_object(about, model, plan, stop)


def second_covers(plan: AuditPlan) -> Iterator[Finding]:
    """Covers beside the one that ``cover()`` shows; with ``fix``, they are no covers any more.

    Only MySQL and MariaDB can have them, which know no constraint for it.
    """
    covers = _relations().filter(is_cover=True)
    counts = covers.order_by().values("content_type", "object_id").annotate(number=Count("pk"))
    for found in list(counts.filter(number__gt=1).values_list("content_type", "object_id")):
        about = covers.filter(content_type=found[0], object_id=found[1])
        in_order = list(about.order_by(*cover_first(covers.model)))
        fixed = len(in_order) > 1 and plan.fix and _keep_first(about, in_order[0])
        for relation in in_order[1:]:
            detail = f"{_target(relation)} shows the cover of relation {in_order[0].pk}"
            yield finding_of(relation, "two_covers", detail, fixed=fixed)


def _relations() -> _Rows:
    model = get_relation_model()
    return model._base_manager.using(router.db_for_write(model))


def _objects(model: type[Model], using: str) -> _Rows:
    """All objects, whatever the managers of the host hide, such as those in its trash."""
    return QuerySet(model, using=using)


def _without_model(about: _Rows, content_type: ContentType) -> Iterator[Finding]:
    name = f"{content_type.app_label}.{content_type.model}"
    detail = f"there is no model {name}; if it is gone for good, run remove_stale_contenttypes"
    for page in pages(about):
        for relation in page:
            yield finding_of(relation, "dangling_relation", detail)


def _without_object(
    about: _Rows, model: type[Model], plan: AuditPlan, stop: Stop | None
) -> Iterator[Finding]:
    objects = _objects(model, about.db)
    for page in until_asked(pages(about), stop):
        keys = {one.pk: canonical_key(model, one.object_id) for one in page}
        wanted = {key for key in keys.values() if key is not None}
        there = {str(pk) for pk in objects.filter(pk__in=wanted).values_list("pk", flat=True)}
        for relation in page:
            if relation.object_id in there:
                continue
            if keys[relation.pk] is None:
                detail = (
                    f"{relation.object_id!r} is not how a key of {model._meta.label} is spelled"
                )
                yield finding_of(relation, "dangling_relation", detail)
                continue
            same = objects.filter(pk=keys[relation.pk])
            check = partial(_is_dangling, relation, about, same, fix=plan.fix)
            if again_after_deadlock(check, using=about.db):
                detail = f"{_target(relation)} does not exist"
                yield finding_of(relation, "dangling_relation", detail, fixed=plan.fix)


def _is_dangling(relation: AbstractImageRelation, about: _Rows, same: _Rows, *, fix: bool) -> bool:
    """Whether the relation is still there, and its object is not; with ``fix``, delete it then."""
    with transaction.atomic(using=about.db):
        now = about.select_for_update().filter(pk=relation.pk, object_id=relation.object_id)
        found = bool(now) and not same.exists()
        if found and fix:
            now.delete()
    return found


def _keep_first(about: _Rows, relation: AbstractImageRelation) -> bool:
    """Whether only the cover that ``cover()`` shows is left."""
    obj = relation._existing_object()
    if obj is None:
        return False

    def work() -> None:
        first = about.order_by(*cover_first(about.model)).first()
        about.exclude(pk=first and first.pk).update(is_cover=False)

    again_after_deadlock(partial(do_locked, work, obj, [], using=about.db), using=about.db)
    return True


def _target(relation: AbstractImageRelation) -> str:
    types = ContentType.objects.db_manager(relation._state.db)
    content_type = types.get_for_id(relation.content_type_id)
    return f"{content_type.app_label}.{content_type.model} {relation.object_id}"
