"""Makes models of a host attachable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import models, router
from django.db.models import Exists, OuterRef

from django_polyimages.accessors import get_relation_model
from django_polyimages.models.joins.images_field import (
    COVER,
    add_images,
    field_of_attachable,
    images_field_of,
    is_inherited,
)
from django_polyimages.models.joins.loading import keep_loaded
from django_polyimages.models.joins.object_ids import ContentTypeKey
from django_polyimages.models.relation_rows import RelationT

if TYPE_CHECKING:
    from django_polyimages.models.relation_manager import ImageRelationManager

    class ImagesField(Generic[RelationT]):
        # Not as a field: the plugin of django-stubs replaces the type arguments of every field.
        def __init__(self, *, related_query_name: str | None = None) -> None: ...
        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(
            self, instance: models.Model, owner: Any
        ) -> ImageRelationManager[RelationT]: ...
        def __get__(self, instance: Any, owner: Any) -> Any: ...

    class _Model(models.Model, Generic[RelationT]):
        class Meta:
            abstract = True

else:
    from django_polyimages.models.joins.images_field import ImagesField

    _Model = GenericAlias(models.Model, (RelationT,))  # as a base class it is models.Model

_Host = TypeVar("_Host", bound=models.Model, covariant=True)

MYPY = False  # mypy takes it for true: the plugin of django-stubs knows as_manager() better

if TYPE_CHECKING:

    class _AttachableManager(models.Manager[_Host]):
        def prefetch_images(
            self, *, cover_only: bool = False
        ) -> ImageAttachableQuerySet[_Host]: ...
        def with_cover(self) -> ImageAttachableQuerySet[_Host]: ...


class ImageAttachable(_Model[RelationT]):
    """Adds ``images``: the relations of an object in display order, with the methods of
    ``ImageRelationManager``. If your model uses that name for something else, do not inherit this
    class but give it an ``ImagesField`` of another name.

    For type checkers, ``ImageAttachable["PhotoUse"]`` names your own relation model.
    """

    images: ImagesField[RelationT] = ImagesField()

    if not TYPE_CHECKING:

        def __class_getitem__(cls, relation_model: object) -> type[Self]:
            return cls

    image_organization_path: ClassVar[str | None] = None
    """The ORM path from the object to its organization, such as ``"organization"`` or
    ``"shop__owner"``; ``"pk"`` if the object is the organization. Without it the HTTP API does
    not serve the model.
    """

    class Meta:
        abstract = True


class ImageAttachableQuerySet(models.QuerySet[_Host]):
    """A queryset for attachables: inherit it, or use ``ImageAttachableQuerySet.as_manager()``."""

    if TYPE_CHECKING and not MYPY:

        @classmethod
        def as_manager(cls) -> _AttachableManager[_Host]: ...

    def prefetch_images(self, *, cover_only: bool = False) -> Self:
        """Load the images of all objects with two queries, however many objects there are.

        ``cover_only`` loads only what ``images.cover()`` returns, with one query.
        """
        name = field_of_attachable(self.model).name
        return self.prefetch_related(COVER if cover_only else f"{name}__image")

    def with_cover(self) -> Self:
        """The objects with an image that is flagged as the cover, without duplicates."""
        covers = get_relation_model()._default_manager.filter(
            content_type=ContentTypeKey(self.model), object_id=OuterRef("pk"), is_cover=True
        )
        return self.filter(Exists(covers))


def prefetch_images(objects: Iterable[models.Model], *, cover_only: bool = False) -> None:
    """Load the images of objects of any attachable models, with one query for each database.

    ``cover_only`` loads only what ``images.cover()`` returns. Images that were loaded before are
    loaded again. Raises ``TypeError`` for an object that is not attachable, and ``ValueError`` for
    an unsaved one.
    """
    by_database: dict[str, list[models.Model]] = defaultdict(list)
    for obj in objects:
        field_of_attachable(type(obj))
        if obj.pk is None or obj._state.adding:
            raise ValueError(f"Save the {obj._meta.object_name} before its images are loaded.")
        by_database[router.db_for_read(get_relation_model(), instance=obj)].append(obj)
    for using, some in by_database.items():
        relations = get_relation_model()._default_manager.using(using)
        keep_loaded(some, relations, cover_only=cover_only)


async def aprefetch_images(objects: Iterable[models.Model], *, cover_only: bool = False) -> None:
    """``prefetch_images()`` for asynchronous code."""
    await sync_to_async(prefetch_images)(objects, cover_only=cover_only)


def register_attachable(
    model: type[models.Model], *, organization_path: str | None = None, name: str = "images"
) -> None:
    """Make a model attachable whose class you cannot edit. Call this in ``AppConfig.ready()``.

    The model gets the same attributes as from ``ImageAttachable``: ``images``, or what ``name``
    says, and ``image_organization_path``. Raises ``ImproperlyConfigured`` for a model that already
    has an attribute of that name or an ``ImagesField``, for an abstract model and for a proxy.
    """
    if model._meta.abstract or model._meta.proxy:
        raise ImproperlyConfigured(
            f"{model._meta.label} has no table of its own: register the model that has one."
        )
    add_images(model, get_relation_model(), name=name)
    model.image_organization_path = organization_path  # type: ignore[attr-defined]


def is_attachable(model: type[models.Model], relation_model: type[models.Model]) -> bool:
    """Whether ``model`` has images of its own, which are stored in ``relation_model``.

    A child by multi-table inheritance has none: its images belong to its parent.
    """
    field = images_field_of(model)
    return bool(field and field.related_model is relation_model and not is_inherited(field))
