"""Images that are deleted with rows of other models, such as those of an organization."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import CASCADE, Model, Q, QuerySet

from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.images import AbstractImage
from django_polyimages.models.joins.metadata import is_same_table, on_delete_of


def schedule_with_others(image: AbstractImage, *, origin: object, using: str) -> None:
    """Schedule the deletion of the files of ``image``, whose deletion began with ``origin``: an
    object or a queryset.

    Django tells of each image, but not which others follow. They are looked up with the first one,
    so that many cost as few queries as one. An image that this does not find is scheduled alone.
    """
    model, deletions = type(image), FileDeletion.objects.db_manager(using)
    known = None if origin is image else deletions.scheduled_with(origin, model)
    if known is not None and image.pk in known:
        known.remove(image.pk)  # Django tells of each image once
        return
    wanted = _going_with(origin, model) if known is None and origin is not image else None
    if wanted is not None:
        # By a subquery, because only images are locked, even if this joins other tables.
        keys = _locked_keys(model, Q(pk__in=_rows(model, using).filter(wanted).values("pk")), using)
        deletions.schedule(keys.values(), origin=origin, of=(model, keys.keys() - {image.pk}))
        if image.pk in keys:
            return
    deletions.schedule(_locked_keys(model, Q(pk=image.pk), using).values(), origin=origin)


def _locked_keys(model: type[AbstractImage], wanted: Q, using: str) -> dict[Any, Sequence[str]]:
    """The keys as they are now, of rows that are locked. A simultaneous attach() then finds the
    image deleted, instead of making this deletion fail.
    """
    rows = _rows(model, using).filter(wanted).order_by("pk").select_for_update()
    return {image.pk: image.keys for image in rows.only("file", "versions")}


def _rows(model: type[AbstractImage], using: str) -> QuerySet[AbstractImage]:
    return model._base_manager.using(using)


def _going_with(origin: Any, model: type[Model]) -> Q | None:
    """Which rows of ``model`` are deleted with ``origin``, as far as foreign keys tell."""
    many = isinstance(origin, QuerySet)
    rows = origin.order_by().values("pk") if many else [origin.pk]
    began_with = origin.model if many else type(origin)
    wanted = [Q(**{f"{path}__in": rows}) for path in _paths(model, began_with)]
    return Q(*wanted, _connector=Q.OR) if wanted else None


def _paths(model: type[Model], to: type[Model]) -> Iterator[str]:
    """The chains of foreign keys by which the deletion of a row of ``to`` deletes one of ``model``;
    one for each model on the way.
    """
    if is_same_table(model, to):
        yield "pk"
    waiting, seen = [(model, "")], {model}
    for one, path in waiting:
        fields: list[Any] = [field for field in one._meta.get_fields() if field.concrete]
        for field in fields:
            if (field.many_to_one or field.one_to_one) and on_delete_of(field) is CASCADE:
                above = field.related_model
                if is_same_table(above, to):
                    yield f"{path}{field.name}__pk"
                elif above not in seen:
                    seen.add(above)
                    waiting.append((above, f"{path}{field.name}__"))
