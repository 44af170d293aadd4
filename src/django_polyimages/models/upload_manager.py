"""``PendingUpload.objects``: begins uploads, receives their files and finds them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import models, router
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_image_model
from django_polyimages.errors import InvalidImage, UploadGone
from django_polyimages.models.primary_keys import canonical_key
from django_polyimages.models.received_files import ReceivedFile
from django_polyimages.pipeline import receiving
from django_polyimages.pipeline.sources import plain_name
from django_polyimages.pixels.inspection import check_byte_size, check_media_type
from django_polyimages.storage.incoming import UNKNOWN_TYPE

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from django_polyimages.models.uploads import PendingUpload

UPLOAD_TIME: Final = timedelta(hours=1)
"""How long a file can be sent, and used after that."""
MOST_OPEN: Final = 500
"""How many uploads one creator may have begun in an organization and not finished."""
SALT: Final = "django_polyimages.models.uploads"
"""Of the tokens for sending, so that they are good for nothing else."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class PendingUploadManager(models.Manager["PendingUpload"]):
    """Begins uploads, and finds what was sent."""

    def begin(
        self,
        *,
        name: str,
        byte_size: int,
        media_type: str = "",
        sha256: str = "",
        organization: models.Model | None = None,
        creator: AbstractBaseUser | None = None,
    ) -> PendingUpload:
        """A place for one file of exactly ``byte_size`` bytes, for ``UPLOAD_TIME``.

        The content has to be of ``media_type`` and have the ``sha256`` (64 hex digits), as far as
        they are given. Only ``creator`` and ``organization`` can use it; leave them out if they are
        not known yet.
        Raises ``InvalidImage`` for what no upload would accept, and if too many are open.
        """
        check_byte_size(byte_size)
        if media_type:
            check_media_type(media_type)
        if sha256 and not _SHA256.fullmatch(sha256.lower()):
            raise ValueError("A SHA-256 has 64 hex digits.")
        rows = self._rows()
        whose: dict[str, Any] = {"creator": creator, "organization": organization}
        waiting = rows.filter(state=self.model.State.WAITING, expires_at__gt=timezone.now())
        if waiting.filter(**whose).count() >= MOST_OPEN:
            message = _("There are too many unfinished uploads; the maximum is %(limit)d.")
            raise InvalidImage("too_many_uploads", message % {"limit": MOST_OPEN})
        return rows.create(
            **whose,
            file_name=plain_name(name),
            media_type=media_type or UNKNOWN_TYPE,
            byte_size=byte_size,
            sha256=sha256.lower(),
        )

    def received(
        self,
        key: object,
        *,
        creator: AbstractBaseUser | None = None,
        organization: models.Model | None = None,
    ) -> ReceivedFile:
        """The file of the upload with this id, for ``Image.objects.upload()`` and all that calls
        it. It is read when it is needed first.

        Raises ``UploadGone`` if it cannot be used, also where it belongs to another ``creator`` or
        ``organization``. Where these are left out, the id is all that is checked here: it cannot
        be guessed. ``upload()`` compares the organizations in any case.
        """
        upload = self.find(key)
        if creator is not None:
            upload.check_creator(creator.pk)
        if organization is not None:
            upload.check_organization(organization.pk)
        upload.check_waiting()
        return ReceivedFile(upload)

    def receive(self, token: str, request: HttpRequest, *, key: object = None) -> PendingUpload:
        """Store the body of ``request`` as the file for which ``instructions()`` made ``token``.

        ``key`` is the id in the path of the request, if it has one.
        Raises ``PermissionDenied`` for a token that is wrong or too old, ``InvalidImage`` for
        another file than was announced, ``UploadGone`` if it was sent already, and
        ``StorageUnavailable``.
        """
        try:
            told = signing.loads(token, salt=SALT, max_age=UPLOAD_TIME)
            upload = self.find(told if key in (None, told) else "")
        except (signing.BadSignature, UploadGone) as error:
            raise PermissionDenied(_("This address is wrong or has expired.")) from error
        upload.check_waiting()
        announced = request.META.get("CONTENT_LENGTH") or str(upload.byte_size)
        if announced != str(upload.byte_size):
            raise receiving.other_size(upload.byte_size)
        if request.content_type != upload.media_type:
            raise receiving.other_file(_("its type is not %(type)s.") % {"type": upload.media_type})
        receiving.keep(
            upload.key,
            request.read,
            byte_size=upload.byte_size,
            media_type=upload.media_type,
            sha256=upload.sha256,
        )
        return upload

    def find(self, key: object) -> PendingUpload:
        """The upload with this id, whatever became of it.

        Raises ``UploadGone`` if there is none, or if its time is over.
        """
        found = canonical_key(self.model, key)
        upload = self._rows().filter(pk=found).first() if found else None
        if upload is None or upload.expires_at <= timezone.now():
            raise gone()
        return upload

    def _rows(self) -> QuerySet[PendingUpload]:
        """In the database of the images, whose rows are inserted in the same transaction."""
        return self.using(router.db_for_write(get_image_model()))


def gone() -> UploadGone:
    """The error for an upload of which callers must not learn more."""
    message = _("This upload does not exist or has expired. Send the file again.")
    return UploadGone("upload_gone", message)
