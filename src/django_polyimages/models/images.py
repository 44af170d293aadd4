"""Images: an original, its properties and its versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, router
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_polyimages.conf import get_settings
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.image_manager import TITLE_LENGTH, ImageManager
from django_polyimages.models.joins.columns import VersionsField
from django_polyimages.models.joins.deleting import delete_images
from django_polyimages.models.original_field import OriginalField
from django_polyimages.models.pending import due_from, generate_after_commit, generate_pending
from django_polyimages.models.regeneration import QUEUED, RECORDED, Regeneration
from django_polyimages.pipeline.sources import NAME_LENGTH
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec
from django_polyimages.storage import (
    generate_upload_filename,
    get_storage,
)
from django_polyimages.storage.signing import expiry_of
from django_polyimages.versions import Version, from_json

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TEXT_FIELDS = ("title", "alt_text", "description")
_PART_OF_A_SIDE = [MinValueValidator(0), MaxValueValidator(1)]


class AbstractImage(models.Model):
    """The base class of image models. Your own image model inherits it and its ``Meta``.

    Create images with ``objects.upload()``, because a row describes files in the storage.
    """

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("image", "pending")
        READY = "ready", pgettext_lazy("image", "ready")
        FAILED = "failed", pgettext_lazy("image", "failed")

    file = OriginalField(
        _("original"),
        upload_to=generate_upload_filename,
        storage=get_storage,
        max_length=255,
        editable=False,
    )
    file_name = models.CharField(_("file name"), max_length=NAME_LENGTH, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=TITLE_LENGTH, blank=True)
    alt_text = models.CharField(
        _("alternative text"),
        max_length=1000,
        blank=True,
        help_text=_("What the picture shows, for those who cannot see it."),
    )
    description = models.TextField(_("description"), blank=True)
    organization = models.ForeignKey(
        get_settings().organization_model,
        on_delete=models.CASCADE,
        related_name="%(app_label)s_%(class)ss",
        verbose_name=_("organization"),
    )
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("creator"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    width = models.PositiveIntegerField(_("width"), editable=False)
    height = models.PositiveIntegerField(_("height"), editable=False)
    byte_size = models.PositiveBigIntegerField(_("size in bytes"), editable=False)
    media_type = models.CharField(_("media type"), max_length=50, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    focal_x = models.FloatField(
        _("focal point from the left"),
        default=0.5,
        validators=_PART_OF_A_SIDE,
        help_text=_(
            "0 is the left edge, 1 the right edge; cropped versions keep this point visible."
        ),
    )
    focal_y = models.FloatField(
        _("focal point from the top"),
        default=0.5,
        validators=_PART_OF_A_SIDE,
        help_text=_("0 is the top edge, 1 the bottom edge."),
    )
    dominant_color = models.CharField(
        _("dominant colour"), max_length=7, blank=True, editable=False
    )
    placeholder = models.TextField(_("placeholder"), blank=True, editable=False)
    versions = VersionsField(_("versions"), default=dict, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.PENDING, editable=False
    )
    failure_reason = models.TextField(_("reason for failure"), blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, editable=False)

    objects: ClassVar[ImageManager[Self]] = ImageManager()

    class Meta:
        abstract = True
        verbose_name: ClassVar[str | StrPromise] = _("image")
        verbose_name_plural: ClassVar[str | StrPromise] = _("images")
        indexes = [
            models.Index(fields=["organization", "-created_at"]),
            models.Index(fields=["-created_at"]),
            models.Index(fields=["file"]),
            models.Index(fields=["status", "next_attempt_at"]),
        ]

    def __str__(self) -> str:
        return self.title or self.key

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row. If the focal point was moved, regenerate the versions that depend on it.

        They are regenerated after the commit; until then ``status`` is ``pending``. Columns that
        workers write (``versions``, ``status`` and their like) are newer in the row than here, so
        they are saved only if ``update_fields`` names them. Raises ``ValueError`` for a focal point
        outside the picture. As always in Django, ``update()`` and ``bulk_update()`` do not call
        this method.
        """
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        is_there = not self._state.adding and self.pk is not None and self._state.db == using
        if is_there and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            kwargs["update_fields"] = self._columns_of_people()
        written = kwargs.get("update_fields")
        moved = self._writes_focal_point(written) and self._has_other_crops()
        if moved:
            self.await_versions()
            if written is not None:
                kwargs["update_fields"] = {*written, "status", *QUEUED}
        again_after_deadlock(partial(super().save, *args, **kwargs), using=using)
        if moved:
            generate_after_commit(self, using=using)

    def delete(
        self,
        using: str | None = None,
        keep_parents: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
    ) -> tuple[int, dict[str, int]]:
        """Like Django's; retried after a deadlock."""
        using = using or router.db_for_write(type(self), instance=self)
        if self.pk is None:
            return super().delete(using=using, keep_parents=keep_parents)  # raises
        delete = partial(delete_images, [self], using=using, origin=self, keep_parents=keep_parents)
        return again_after_deadlock(delete, using=using)

    delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def key(self) -> str:
        """The name of the original in the storage."""
        return str(self.file.name)

    @property
    def keys(self) -> list[str]:
        """The names of all files of the image in the storage, the original first."""
        versions = [version.key for version in self.versions.values()]
        return [self.key, *versions] if self.file else versions

    @property
    def url(self) -> str:
        """The URL of the original. It is meant for members; show versions in templates.

        If ``ORIGINAL_STORAGE`` is set, the URL is signed by that storage, or else it is the one of
        a view that asks who may see the image: then ``django_polyimages.urls`` must be included.
        """
        return self.file.url

    @property
    def url_expires_at(self) -> datetime | None:
        """Until when a URL that is signed now is valid; None where ``url`` is not signed."""
        return expiry_of(self.url)

    @property
    def focal_point(self) -> FocalPoint:
        """The point that cropped versions keep visible."""
        return FocalPoint(self.focal_x, self.focal_y)

    @property
    def outdated_specs(self) -> list[VersionSpec]:
        """The specs whose version is missing or was generated from another spec or focal point."""
        digests = {name: version.digest for name, version in self.versions.items()}
        return [
            spec
            for spec in get_settings().versions
            if digests.get(spec.name) != spec.digest_at(self.focal_point)
        ]

    def _columns_of_people(self) -> set[str]:
        """What is loaded, without the key and what regenerations record."""
        columns = {one.attname for one in self._meta.concrete_fields if not one.primary_key}
        return columns - self.get_deferred_fields() - RECORDED - QUEUED

    def _writes_focal_point(self, update_fields: Collection[str] | None) -> bool:
        columns = {"focal_x", "focal_y"}
        written = columns if update_fields is None else columns & set(update_fields)
        return bool(written - self.get_deferred_fields())

    def _has_other_crops(self) -> bool:
        """Whether a cropped version was generated for another focal point, or another spec.

        A missing one counts for a point that was moved: an upload that failed is not repeated here.
        """
        sides = (self.focal_x, self.focal_y)
        if any(hasattr(side, "resolve_expression") for side in sides):
            return True  # known by the database only
        field: Any = self._meta.get_field("focal_x")
        self.focal_x, self.focal_y = (field.get_prep_value(side) for side in sides)
        point = self.focal_point
        return any(
            spec.mode == "fill" and (spec.name in self.versions or point != CENTRE)
            for spec in self.outdated_specs
        )

    def record_versions(self, versions: Mapping[str, Version], failure: str) -> None:
        """Record the versions in the storage, and why any are missing. The caller saves the row.

        If versions are left that nobody has tried to generate, the status stays.
        """
        self.versions = from_json(versions)
        if not self.outdated_specs:
            self.status, self.failure_reason = self.Status.READY, ""
        elif failure:
            self.status, self.failure_reason = self.Status.FAILED, failure

    def await_versions(self) -> None:
        """Make the image pending. The caller saves it and calls ``generate_after_commit()``."""
        self.status = self.Status.PENDING
        self.attempts = 0
        self.next_attempt_at = due_from()

    @classmethod
    def generate_pending(cls, key: str, *, using: str) -> Regeneration | None:
        """Generate the versions of the image with this primary key if it is pending and due."""
        return generate_pending(cls, key, using=using)

    def version(self, name: str) -> Version | None:
        """The version ``name``, or if it is missing the next larger one, or else the largest one.
        None if there is no version at all.

        Raises ``KeyError`` for a name that no spec has.
        """
        specs = {spec.name: spec for spec in get_settings().versions}
        if name not in specs:
            raise KeyError(f"There is no version {name!r}; choose from {', '.join(specs)}.")
        if name in self.versions or not self.versions:
            return self.versions.get(name)
        wanted = specs[name].target(self.width, self.height).size
        ascending = sorted(self.versions.values(), key=lambda version: version.width)
        return next((one for one in ascending if one.width >= wanted[0]), ascending[-1])


class Image(AbstractImage):
    """The default image model. ``POLYIMAGES["IMAGE_MODEL"]`` can replace it."""
