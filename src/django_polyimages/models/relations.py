"""Relations: which image is attached to which object, how, and the verbs for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, router, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from django_polyimages.models.fields import ObjectIdField
from django_polyimages.models.images import TITLE_LENGTH, Image

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage


class RelationOptions(TypedDict, total=False):
    """What one attachment can say for itself."""

    is_cover: bool
    order: int | None
    custom_title: str
    custom_alt_text: str
    custom_description: str


class ImageRelationManager(models.Manager["PolymorphicImageRelation"]):
    """The verbs of ``contact.images``.

    They work on the manager of one object only, which is what ``contact.images`` is.
    """

    if TYPE_CHECKING:  # what Django adds behind a GenericRelation
        instance: models.Model
        content_type: ContentType
        prefetch_cache_name: str

        def _remove_prefetched_objects(self) -> None: ...

    def attach(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> AbstractImageRelation:
        """Attach ``image`` and return its relation; attached already, its relation is updated.

        An option that is not given stays as it was.
        """
        return self.attach_or_update(image, **options)[0]

    def attach_or_update(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> tuple[AbstractImageRelation, bool]:
        """As ``attach``, and whether the relation is new."""
        self._remove_prefetched_objects()
        try:
            return self._attach(image, options)
        except IntegrityError:  # somebody else attached it between our look and our insert
            return self._attach(image, options)

    def detach(self, image: AbstractImage) -> bool:
        """Remove the relation to ``image``, which itself stays. False where there was none."""
        self._remove_prefetched_objects()
        return bool(self.filter(image=image.pk).delete()[0])

    def set_cover(self, image: AbstractImage) -> AbstractImageRelation:
        """Make ``image`` the only cover; attaches it if it is not."""
        return self.attach(image, is_cover=True)

    def cover(self) -> AbstractImageRelation | None:
        """The relation of the cover, else the first in display order, else None.

        No query where the images were prefetched.
        """
        if self._is_prefetched():
            relations = list(self.all())
            return next((one for one in relations if one.is_cover), next(iter(relations), None))
        return (
            self.select_related("image")
            .order_by(F("is_cover").desc(), *(self.model._meta.ordering or ()))
            .first()
        )

    def reorder(self, images: Iterable[AbstractImage]) -> None:
        """Show ``images`` in this order; those left out follow in the order they had.

        Raises ``ValueError`` for an image that is not attached, and changes nothing then.
        """
        self._remove_prefetched_objects()
        with transaction.atomic(using=self._write_db()):
            self._lock_object()
            relations = {relation.image_id: relation for relation in self.all()}
            wanted = list(dict.fromkeys(image.pk for image in images))
            if missing := [pk for pk in wanted if pk not in relations]:
                raise ValueError(f"Not attached to this object: {missing}.")
            rest = [pk for pk in relations if pk not in set(wanted)]
            for order, pk in enumerate([*wanted, *rest]):
                relations[pk].order = order
            self.bulk_update(relations.values(), ["order"])

    def _attach(
        self, image: AbstractImage, options: RelationOptions
    ) -> tuple[AbstractImageRelation, bool]:
        wanted = Q(image=image.pk)
        with transaction.atomic(using=self._write_db()):
            if options.get("is_cover"):
                self._lock_object()
                wanted |= Q(is_cover=True)
            found = {relation.image_id: relation for relation in self.filter(wanted)}
            relation = found.pop(image.pk, None)
            if found:  # the covers until now
                self.filter(image__in=found).update(is_cover=False)
            if relation is None:
                return self.create(image=image, **options), True  # type: ignore[misc]
            if options:
                for name, value in options.items():
                    setattr(relation, name, value)
                relation.save(update_fields=list(options))
            return relation, False

    def _write_db(self) -> str:
        return router.db_for_write(self.model, instance=self.instance)

    def _lock_object(self) -> None:
        """One writer of covers and orders for one object; waits for the other one."""
        model = type(self.instance)
        host = model._base_manager.using(self._write_db()).select_for_update()
        host.values("pk").get(pk=self.instance.pk)

    def _is_prefetched(self) -> bool:
        cache = getattr(self.instance, "_prefetched_objects_cache", {})
        return self.prefetch_cache_name in cache


class AbstractImageRelation(models.Model):
    """What every relation has; the concrete model adds the foreign key ``image``."""

    content_type = models.ForeignKey(
        ContentType, on_delete=models.CASCADE, related_name="+", verbose_name=_("content type")
    )
    object_id = ObjectIdField(_("object id"), max_length=255)
    content_object = GenericForeignKey("content_type", "object_id")
    is_cover = models.BooleanField(_("cover"), default=False)
    order = models.PositiveIntegerField(_("order"), null=True, blank=True)
    custom_title = models.CharField(_("title here"), max_length=TITLE_LENGTH, blank=True)
    custom_alt_text = models.CharField(_("alternative text here"), max_length=1000, blank=True)
    custom_description = models.TextField(_("description here"), blank=True)

    if TYPE_CHECKING:
        image: AbstractImage
        image_id: Any

    objects = ImageRelationManager()

    class Meta:
        abstract = True
        verbose_name = _("attached image")
        verbose_name_plural = _("attached images")
        ordering = [F("order").asc(nulls_last=True), "pk"]
        indexes = [models.Index(fields=["content_type", "object_id"])]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "content_type", "object_id"],
                name="%(app_label)s_%(class)s_once",
                violation_error_message=_("This image is attached to this object already."),
            ),
            models.UniqueConstraint(
                fields=["content_type", "object_id"],
                condition=Q(is_cover=True),
                name="%(app_label)s_%(class)s_cover",
                violation_error_message=_("This object has a cover already."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The title for this use, else the image's own."""
        return self.custom_title or self.image.title

    @property
    def alt_text(self) -> str:
        """The alternative text for this use, else the image's own."""
        return self.custom_alt_text or self.image.alt_text

    @property
    def description(self) -> str:
        """The description for this use, else the image's own."""
        return self.custom_description or self.image.description


class PolymorphicImageRelation(AbstractImageRelation):
    """The relation model in use unless ``POLYIMAGES["RELATION_MODEL"]`` names another."""

    image = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="relations", verbose_name=_("image")
    )

    class Meta(AbstractImageRelation.Meta):
        pass


def relations_of(obj: models.Model) -> ImageRelationManager:
    """The verbs for ``obj``, as ``obj.images``, for code that does not know its class."""
    return cast("ImageRelationManager", obj.images)  # type: ignore[attr-defined]
