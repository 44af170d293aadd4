"""Relations: which image is attached to which object, and how."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_polyimages.models.image_manager import TITLE_LENGTH
from django_polyimages.models.images import Image
from django_polyimages.models.joins.columns import ObjectIdField
from django_polyimages.models.organizations import require_owner
from django_polyimages.models.relation_manager import ImageRelationManager

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class AbstractImageRelation(models.Model):
    """The base class of relation models. The concrete model adds the foreign key ``image``."""

    content_type = models.ForeignKey(
        ContentType, on_delete=models.CASCADE, related_name="+", verbose_name=_("content type")
    )
    object_id = ObjectIdField(_("object id"), max_length=255)
    content_object = GenericForeignKey("content_type", "object_id")
    is_cover = models.BooleanField(pgettext_lazy("image", "cover"), default=False)
    order = models.PositiveIntegerField(pgettext_lazy("image", "order"), null=True, blank=True)
    custom_title = models.CharField(_("title on this object"), max_length=TITLE_LENGTH, blank=True)
    custom_alt_text = models.CharField(
        _("alternative text on this object"), max_length=1000, blank=True
    )
    custom_description = models.TextField(_("description on this object"), blank=True)

    _allows_foreign = False

    if TYPE_CHECKING:
        image: models.ForeignKey[Any, Any]
        image_id: Any

    objects: ClassVar[ImageRelationManager[Self]] = ImageRelationManager()

    class Meta:
        abstract = True
        verbose_name: ClassVar[str | StrPromise] = _("image use")
        verbose_name_plural: ClassVar[str | StrPromise] = _("image uses")
        ordering = [F("order").asc(nulls_last=True), "pk"]
        indexes = [models.Index(fields=["content_type", "object_id"])]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["image", "content_type", "object_id"],
                name="%(app_label)s_%(class)s_once",
                violation_error_message=_("This image is already attached to this object."),
            ),
            models.UniqueConstraint(
                fields=["content_type", "object_id"],
                condition=Q(is_cover=True),
                name="%(app_label)s_%(class)s_cover",
                violation_error_message=_("This object already has a cover."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row. Raises ``OrganizationMismatch`` for a new one to an image of another
        organization, unless ``allow_foreign``. The methods of ``obj.images`` also take care of
        locks and covers.
        """
        if self._state.adding and not self.allow_foreign:
            self._require_owner()
        super().save(*args, **kwargs)

    @property
    def allow_foreign(self) -> bool:
        """Whether ``save()`` inserts a relation to an image of another organization. Set it before,
        or pass it to ``objects.create()``; it is no column.
        """
        return self._allows_foreign

    @allow_foreign.setter
    def allow_foreign(self, value: bool) -> None:
        self._allows_foreign = value

    def _require_owner(self) -> None:
        if self.image_id is None or self.content_type_id is None:
            return  # the database says so
        if (obj := self._existing_object()) is not None:
            require_owner(obj, [self.image])

    def _existing_object(self) -> models.Model | None:
        """``content_object``, or None whatever else the columns say."""
        with suppress(ValueError, ValidationError, ContentType.DoesNotExist):  # no key of its model
            if ContentType.objects.get_for_id(self.content_type_id).model_class():
                return cast("models.Model | None", self.content_object)
        return None

    @property
    def title(self) -> str:
        """The title of the relation, or else of the image."""
        return self.custom_title or self.image.title

    @property
    def alt_text(self) -> str:
        """The alternative text of the relation, or else of the image."""
        return self.custom_alt_text or self.image.alt_text

    @property
    def description(self) -> str:
        """The description of the relation, or else of the image."""
        return self.custom_description or self.image.description


class PolymorphicImageRelation(AbstractImageRelation):
    """The default relation model. ``POLYIMAGES["RELATION_MODEL"]`` can replace it."""

    image: models.ForeignKey[Image, Image] = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="relations", verbose_name=_("image")
    )
