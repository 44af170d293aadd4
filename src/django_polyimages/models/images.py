"""Images: an original, what is known of it, and its versions."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.files.base import File
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from django_polyimages import pipeline
from django_polyimages.conf import get_settings
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.fields import VersionsField
from django_polyimages.storage import generate_upload_filename, get_storage
from django_polyimages.versions import Version

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

TITLE_LENGTH = 255
_PART_OF_A_SIDE = [MinValueValidator(0), MaxValueValidator(1)]


class ImageQuerySet(models.QuerySet["AbstractImage"]):
    """Images, newest first on request, deleted together with their files."""

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows now and their files after the commit; the files cost one query in all."""
        if self.query.is_sliced:
            raise TypeError("Cannot use 'limit' or 'offset' with delete().")
        using = self._db or router.db_for_write(self.model)  # type: ignore[attr-defined]
        every = type(self)(self.model, using=using)
        with transaction.atomic(using=using, savepoint=False):
            # Whatever this query joins, only images are locked, and always in the same order.
            wanted = every.filter(pk__in=self.using(using).order_by().values("pk")).order_by("pk")
            images = list(wanted.select_for_update().only("file", "versions"))
            FileDeletion.objects.db_manager(using).schedule(image.keys for image in images)
            # These rows and no others, which may have come since.
            rows = every.filter(pk__in=[image.pk for image in images])
            return super(ImageQuerySet, rows).delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class ImageManager(models.Manager.from_queryset(ImageQuerySet)):  # type: ignore[misc]
    """``Image.objects``: the way in for every upload."""

    def upload(
        self,
        file: File[bytes],
        *,
        organization: models.Model,
        creator: AbstractBaseUser | None = None,
        title: str | None = None,
        alt_text: str = "",
        description: str = "",
        **fields: Any,
    ) -> AbstractImage:
        """Check ``file``, store it untouched, make its versions and insert the row.

        ``title`` is the file's name unless given. ``fields`` are for a host's own image model.
        Raises ``InvalidImage`` for a file that we do not take and ``StorageUnavailable`` where the
        storage failed; nothing is left behind then. A version that could not be made does not lose
        the upload: the image's ``status`` is ``failed`` and says why.
        """
        using = self._db or router.db_for_write(self.model)
        with pipeline.store(file, using=using) as stored:
            image: AbstractImage = self.create(
                file=stored.key,
                title=_title_of(file) if title is None else title,
                alt_text=alt_text,
                description=description,
                organization=organization,
                creator=creator,
                width=stored.facts.width,
                height=stored.facts.height,
                byte_size=stored.facts.byte_size,
                media_type=stored.facts.media_type,
                sha256=stored.facts.sha256,
                versions=stored.versions,
                status=AbstractImage.Status.FAILED
                if stored.failure
                else AbstractImage.Status.READY,
                failure_reason=stored.failure,
                **fields,
            )
        return image


class AbstractImage(models.Model):
    """What every image has; a host's own image model inherits it, with its ``Meta``.

    Use ``objects.upload()`` to make one: a row says what is in the storage.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    file = models.FileField(
        _("original"),
        upload_to=generate_upload_filename,
        storage=get_storage,
        max_length=255,
        editable=False,
    )
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
        help_text=_("0 is the left edge, 1 the right one; versions that fill their box keep it."),
    )
    focal_y = models.FloatField(
        _("focal point from the top"),
        default=0.5,
        validators=_PART_OF_A_SIDE,
        help_text=_("0 is the upper edge, 1 the lower one."),
    )
    dominant_color = models.CharField(
        _("dominant colour"), max_length=7, blank=True, editable=False
    )
    preview = models.TextField(_("preview"), blank=True, editable=False)
    versions = VersionsField(_("versions"), default=dict, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.PENDING, editable=False
    )
    failure_reason = models.TextField(_("reason of failure"), blank=True, editable=False)

    objects = ImageManager()

    class Meta:
        abstract = True
        verbose_name = _("image")
        verbose_name_plural = _("images")
        indexes = [models.Index(fields=["organization", "-created_at"])]

    def __str__(self) -> str:
        return self.title or self.key

    @property
    def key(self) -> str:
        """The name of the original in the storage."""
        return str(self.file.name)

    @property
    def keys(self) -> list[str]:
        """The names of all its files in the storage, the original first."""
        return [self.key, *(version.key for version in self.versions.values())]

    @property
    def url(self) -> str:
        """Where the original is; for members, templates show versions."""
        return get_storage().url(self.key)

    def version(self, name: str) -> Version | None:
        """The version ``name`` or, where it is missing, the best other one: the next larger, else
        the largest there is. None while there is none at all.

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
    """The image model in use unless ``POLYIMAGES["IMAGE_MODEL"]`` names another."""

    class Meta(AbstractImage.Meta):
        pass


def _title_of(file: File[bytes]) -> str:
    """The client's file name without what cannot be seen: controls, bidi marks, surrogates."""
    name = (file.name or "").replace("\\", "/").rpartition("/")[2]
    visible = "".join(char for char in name if not unicodedata.category(char).startswith("C"))
    return visible.strip()[:TITLE_LENGTH]
