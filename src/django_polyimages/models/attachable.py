"""What makes a host's model attachable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db import models, router
from django.db.models import Exists, OuterRef

from django_polyimages.accessors import get_relation_model
from django_polyimages.models.joins.images_field import (
    COVER,
    ImagesField,
    add_images,
    images_field_of,
    is_inherited,
)
from django_polyimages.models.joins.object_ids import ContentTypeKey
from django_polyimages.models.joins.prefetch import (
    covers_about,
    keep_cover,
    keep_images,
    relations_about,
    target_in,
    target_of,
)
from django_polyimages.models.relation_rows import RelationT

if TYPE_CHECKING:
    from django_polyimages.models.joins.prefetch import Target
    from django_polyimages.models.relation_manager import ImageRelationManager
    from django_polyimages.models.relations import AbstractImageRelation

    _Relations = models.QuerySet[Any]

    class _Model(models.Model, Generic[RelationT]):
        class Meta:
            abstract = True

else:
    _Model = GenericAlias(models.Model, (RelationT,))  # as a base class it is models.Model

_Host = TypeVar("_Host", bound=models.Model, covariant=True)


class ImageAttachable(_Model[RelationT]):
    """Adds ``images``: the object's relations in display order, with the verbs of
    ``ImageRelationManager``.

    For type checkers ``ImageAttachable["PhotoUse"]`` names the relation model of a host's own.
    """

    if TYPE_CHECKING:
        images: ImageRelationManager[RelationT]
    else:
        images = ImagesField()

        def __class_getitem__(cls, relation_model: object) -> type[Self]:
            return cls

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
    try:
        add_images(model, get_relation_model())
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{error} has something called 'images' already; a model can be made attachable once, "
            "and only if that name is free."
        ) from None
    model.image_organization_path = organization_path  # type: ignore[attr-defined]


def is_attachable(model: type[models.Model], relation_model: type[models.Model]) -> bool:
    """Whether ``model`` has ``images`` of its own that are kept in ``relation_model``.

    A child by multi-table inheritance has not: its rows are its parent's, under another name.
    """
    field = images_field_of(model)
    return bool(field and field.related_model is relation_model and not is_inherited(field))


def _require_images(obj: models.Model) -> None:
    meta = obj._meta
    if images_field_of(type(obj)) is None:
        raise TypeError(
            f"{meta.label} is not attachable: it does not inherit ImageAttachable and was not "
            "registered."
        )
    if obj.pk is None or obj._state.adding:
        raise ValueError(f"Save the {meta.object_name} before its images are loaded.")


def _fill_images(objects: Sequence[models.Model], relations: _Relations) -> None:
    found: dict[Target, list[AbstractImageRelation]] = defaultdict(list)
    for relation in relations_about(objects, relations):
        found[target_in(relation)].append(relation)
    for obj in objects:
        keep_images(obj, found[target_of(obj, relations.db)])


def _fill_covers(objects: Sequence[models.Model], relations: _Relations) -> None:
    found = {target_in(relation): relation for relation in covers_about(objects, relations)}
    for obj in objects:
        keep_cover(obj, found.get(target_of(obj, relations.db)))
