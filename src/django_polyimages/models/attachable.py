"""What makes a host's model attachable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models, router
from django.db.models import Exists, OuterRef

from django_polyimages.accessors import get_relation_model
from django_polyimages.models.joins.images_field import COVER, ImagesField
from django_polyimages.models.joins.object_ids import ContentTypeKey
from django_polyimages.models.joins.prefetch import (
    covers_about,
    relations_about,
    target_in,
    target_of,
)
from django_polyimages.models.relation_manager import relations_of

if TYPE_CHECKING:
    from django_polyimages.models.joins.prefetch import Target
    from django_polyimages.models.relation_manager import ImageRelationManager
    from django_polyimages.models.relations import AbstractImageRelation

    _Relations = models.QuerySet[Any]

_Host = TypeVar("_Host", bound=models.Model, covariant=True)


class ImageAttachable(models.Model):
    """Adds ``images``: the object's relations in display order, with the verbs of
    ``ImageRelationManager``.
    """

    if TYPE_CHECKING:
        images: ImageRelationManager
    else:
        images = ImagesField()

    image_organization_path: ClassVar[str | None] = None
    """The ORM path from the object to its organization, as ``"organization"`` or
    ``"shop__owner"``; ``"pk"`` where the object is the organization. Without it the HTTP API does
    not reach the model.
    """

    class Meta:
        abstract = True


class ImageAttachableQuerySet(models.QuerySet[_Host]):
    """A queryset of attachables; inherit it, or use ``ImageAttachableQuerySet.as_manager()``."""

    def prefetch_images(self, *, cover_only: bool = False) -> Self:
        """Load images and versions of all objects at once: two queries, however many there are.

        ``cover_only``: only what ``images.cover()`` returns, in one query.
        """
        return self.prefetch_related(COVER if cover_only else "images__image")

    def with_cover(self) -> Self:
        """The objects that have an image flagged as their cover, each once."""
        covers = get_relation_model()._default_manager.filter(
            content_type=ContentTypeKey(self.model), object_id=OuterRef("pk"), is_cover=True
        )
        return self.filter(Exists(covers))


def prefetch_images(objects: Iterable[models.Model], *, cover_only: bool = False) -> None:
    """Load the images of objects at hand, of any attachable models: one query for each database.

    ``cover_only``: only what ``images.cover()`` returns. What was loaded before is loaded again.
    Raises ``TypeError`` for an object that is not attachable, ``ValueError`` for one not saved.
    """
    by_database: dict[str, list[models.Model]] = defaultdict(list)
    for obj in objects:
        _require_images(obj)
        by_database[router.db_for_read(get_relation_model(), instance=obj)].append(obj)
    for using, some in by_database.items():
        fill = _fill_covers if cover_only else _fill_images
        fill(some, get_relation_model()._default_manager.using(using))


def register_attachable(model: type[models.Model], *, organization_path: str | None = None) -> None:
    """Make attachable a model whose class you cannot edit; call it in your ``AppConfig.ready()``.

    Gives it what ``ImageAttachable`` gives: ``images``, and ``image_organization_path``. Raises
    ``ImproperlyConfigured`` for a model that has something called ``images`` already, and for an
    abstract model or a proxy.
    """
    if model._meta.abstract or model._meta.proxy:
        raise ImproperlyConfigured(
            f"{model._meta.label} has no table of its own: register the model that has."
        )
    known = model._meta.apps.get_models()
    children = [one for one in known if issubclass(one, model) and one is not model]
    for one in (model, *children):
        if _has_something_called_images(one):
            raise ImproperlyConfigured(
                f"{one._meta.label} has something called 'images' already; a model can be made "
                "attachable once, and only if that name is free."
            )
    model.image_organization_path = organization_path  # type: ignore[attr-defined]
    for one in (model, *children):
        field = ImagesField(get_relation_model())
        field.mti_inherited = one is not model  # as in a class that is made later
        field.contribute_to_class(one, "images")


def is_attachable(model: type[models.Model], relation_model: type[models.Model]) -> bool:
    """Whether ``model`` has ``images`` of its own that are kept in ``relation_model``.

    A child by multi-table inheritance has not: its rows are its parent's, under another name.
    """
    return any(
        isinstance(field, ImagesField)
        and field.related_model is relation_model
        and not field.mti_inherited
        for field in model._meta.private_fields
    )


def _require_images(obj: models.Model) -> None:
    meta = obj._meta
    if not any(isinstance(field, ImagesField) for field in meta.private_fields):
        raise TypeError(
            f"{meta.label} is not attachable: it does not inherit ImageAttachable and was not "
            "registered."
        )
    if obj.pk is None or obj._state.adding:
        raise ValueError(f"Save the {meta.object_name} before its images are loaded.")


def _fill_images(objects: Sequence[models.Model], relations: _Relations) -> None:
    """Load all relations into Django's cache of what is prefetched."""
    found: dict[Target, list[AbstractImageRelation]] = defaultdict(list)
    for relation in relations_about(objects, relations):
        found[target_in(relation)].append(relation)
    for obj in objects:
        images = relations_of(obj)
        images._remove_prefetched_objects()
        loaded: Any = images.get_queryset()
        loaded._result_cache = list(found[target_of(obj, relations.db)])
        loaded._prefetch_done = True
        cache = obj.__dict__.setdefault("_prefetched_objects_cache", {})
        cache[images.prefetch_cache_name] = loaded


def _fill_covers(objects: Sequence[models.Model], relations: _Relations) -> None:
    """Load the covers into the cache of ``ImagesField``."""
    found = {target_in(relation): relation for relation in covers_about(objects, relations)}
    for obj in objects:
        field = cast("ImagesField", obj._meta.get_field("images"))
        field.set_cached_value(obj, found.get(target_of(obj, relations.db)))


def _has_something_called_images(model: type[models.Model]) -> bool:
    if hasattr(model, "images"):
        return True
    try:
        model._meta.get_field("images")
    except FieldDoesNotExist:
        return False
    return True
