"""Pending uploads: files that a client may send, straight to the bucket or through this site."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core import signing
from django.db import models, router, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_polyimages.accessors import get_image_model
from django_polyimages.conf import get_settings
from django_polyimages.errors import UploadGone
from django_polyimages.models.received_files import ReceivedFile
from django_polyimages.models.upload_manager import (
    SALT,
    UPLOAD_TIME,
    PendingUploadManager,
    gone,
)
from django_polyimages.pipeline.rollback import remove_soon
from django_polyimages.pipeline.sources import NAME_LENGTH
from django_polyimages.storage.incoming import (
    Instructions,
    new_incoming_key,
    signed_put,
    signs_puts,
)

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage


def new_expiry() -> datetime:
    """When an upload ends that begins now. A migration names this function: it must not move."""
    return timezone.now() + UPLOAD_TIME


class PendingUpload(models.Model):
    """The permission to send one file, and whether it was used."""

    class State(models.TextChoices):
        """A row that is used or cancelled stays until its URL has expired: what is sent late has
        to be deleted, too.
        """

        WAITING = "waiting", gettext_lazy("waiting")
        USED = "used", gettext_lazy("used")
        CANCELLED = "cancelled", gettext_lazy("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        get_settings().organization_model,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("organization"),
    )
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("creator"),
    )
    file_name = models.CharField(gettext_lazy("file name"), max_length=NAME_LENGTH, blank=True)
    media_type = models.CharField(gettext_lazy("media type"), max_length=50)
    byte_size = models.PositiveBigIntegerField(gettext_lazy("size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    key = models.CharField(
        gettext_lazy("key"), max_length=255, default=new_incoming_key, unique=True
    )
    created_at = models.DateTimeField(gettext_lazy("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(gettext_lazy("expires at"), default=new_expiry)
    state = models.CharField(
        gettext_lazy("status"), max_length=10, choices=State, default=State.WAITING
    )

    objects: ClassVar[PendingUploadManager] = PendingUploadManager()

    class Meta:
        verbose_name = gettext_lazy("pending upload")
        verbose_name_plural = gettext_lazy("pending uploads")
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return self.file_name or str(self.pk)

    def instructions(self, own_url: str) -> Instructions:
        """How to send the file: to the bucket, or to ``own_url`` where the storage is not S3.

        ``own_url`` is a view that calls ``receive()`` with the ``token`` of its query. The URL is
        a permission: who has it needs no login.
        """
        if not signs_puts():
            token = signing.dumps(str(self.pk), salt=SALT)
            headers = {"Content-Type": self.media_type}
            url = f"{own_url}?token={token}"
            return Instructions(url=url, headers=headers, expires_at=self.expires_at)
        left = (self.expires_at - timezone.now()).total_seconds()
        url, headers = signed_put(
            self.key,
            byte_size=self.byte_size,
            media_type=self.media_type,
            sha256=self.sha256,
            seconds=max(1, int(left)),
        )
        return Instructions(url=url, headers=headers, expires_at=self.expires_at)

    def complete(self, **options: Any) -> AbstractImage:
        """Make an image of what was sent, for the creator and the organization of the upload.

        ``options`` are those of ``Image.objects.upload()``, which raises what is wrong. A file that
        is refused is deleted.
        """
        self.check_waiting()
        known = {"organization": self.organization, "creator": self.creator}
        image: AbstractImage = get_image_model()._default_manager.upload(
            ReceivedFile(self), **(known | options)
        )
        return image

    complete.alters_data = True  # type: ignore[attr-defined]

    def cancel(self) -> None:
        """Delete what was sent, after the commit. Does nothing if an image was made of it."""
        if self._waiting().update(state=self.State.CANCELLED):
            self._delete_file_after_commit(self._database)

    cancel.alters_data = True  # type: ignore[attr-defined]

    def discard(self) -> None:
        """Delete what was sent, which is refused, and the row."""
        self._waiting().delete()
        remove_soon([self.key])

    discard.alters_data = True  # type: ignore[attr-defined]

    def claim(self, *, using: str) -> None:
        """Use it up, in the transaction that inserts the image; delete the file after the commit.

        Raises ``UploadGone`` if another transaction has used it.
        """
        if not self._waiting().update(state=self.State.USED):
            self.check_again()
            raise gone()
        self._delete_file_after_commit(using)

    claim.alters_data = True  # type: ignore[attr-defined]

    def check_again(self) -> None:
        """Raise ``UploadGone`` if it was used or cancelled since it was read."""
        rows = type(self).objects.using(self._database).filter(pk=self.pk)
        self.state = rows.values_list("state", flat=True).first() or self.State.CANCELLED
        self.check_waiting()

    def check_waiting(self) -> None:
        """Raise ``UploadGone`` if it was used or cancelled, or if its time is over."""
        if self.state == self.State.USED:
            raise UploadGone("used", _("An image was made of this upload already."))
        if self.state != self.State.WAITING or self.expires_at <= timezone.now():
            raise gone()

    def check_creator(self, key: Any) -> None:
        """Raise ``UploadGone`` if another user has begun it."""
        if self.creator_id not in (None, key):
            raise gone()

    def check_organization(self, key: Any) -> None:
        """Raise ``UploadGone`` if it belongs to another organization."""
        if self.organization_id not in (None, key):
            raise gone()

    @property
    def _database(self) -> str:
        return self._state.db or router.db_for_write(type(self), instance=self)

    def _waiting(self) -> QuerySet[PendingUpload]:
        rows = type(self).objects.using(self._database)
        return rows.filter(pk=self.pk, state=self.State.WAITING)

    def _delete_file_after_commit(self, using: str) -> None:
        # In the background, as nobody has to wait for it: the sweep deletes it, too.
        def delete() -> None:
            remove_soon([self.key])

        transaction.on_commit(delete, using=using, robust=True)
