"""Pending uploads on the storage of this site; ``tests/uploads`` has S3 and hostile clients."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from django_polyimages.errors import UploadGone
from django_polyimages.models import Image, PendingUpload
from tests.drawing import photo
from tests.helpers import read, stored_keys
from tests.sending import INCOMING, begin, sent


def code_of(error) -> str:
    return error.value.code


@pytest.mark.django_db(transaction=True)
class TestAnUpload:
    def test_becomes_an_image_and_leaves_nothing_in_its_place(self, acme, editor):
        upload = sent(organization=acme, creator=editor, media_type="image/jpeg")
        assert stored_keys(folder=INCOMING) == [upload.key]
        image = upload.complete(title="Front door")
        assert read(image.key) == photo()
        assert (image.title, image.file_name) == ("Front door", "photo.jpg")
        assert (image.organization, image.creator) == (acme, editor)
        assert stored_keys() == sorted(image.keys)
        assert stored_keys(folder=INCOMING) == []

    def test_is_a_file_like_any_other(self, contact):
        relation = contact.images.attach(PendingUpload.objects.received(sent().pk))
        assert (relation.image.organization, relation.title) == (contact.organization, "photo.jpg")

    def test_makes_one_image_only(self, acme):
        upload = sent(organization=acme)
        first, second = (PendingUpload.objects.received(upload.pk) for _ in range(2))
        Image.objects.upload(first, organization=acme)
        with pytest.raises(UploadGone) as error:
            Image.objects.upload(second, organization=acme)
        assert code_of(error) == "used"
        assert stored_keys() == sorted(Image.objects.get().keys)

    def test_is_usable_again_after_a_rollback(self, acme):
        upload = sent(organization=acme)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            upload.complete()
            1 / 0  # noqa: B018
        assert stored_keys() == []
        assert stored_keys(folder=INCOMING) == [upload.key]
        PendingUpload.objects.get().complete()
        assert stored_keys(folder=INCOMING) == []

    def test_that_is_cancelled_is_deleted_and_its_row_stays_until_the_url_is_old(self, acme):
        upload = sent(organization=acme)
        upload.cancel()
        assert stored_keys(folder=INCOMING) == []
        with pytest.raises(UploadGone) as error:
            PendingUpload.objects.received(upload.pk)
        assert code_of(error) == "upload_gone"

    def test_that_was_used_cannot_be_cancelled(self, acme):
        upload = sent(organization=acme)
        upload.complete()
        upload.cancel()
        assert PendingUpload.objects.get().state == "used"

    def test_whose_cancelling_is_rolled_back_keeps_its_file(self, acme):
        upload = sent(organization=acme)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            upload.cancel()
            1 / 0  # noqa: B018
        assert PendingUpload.objects.get().complete().key in stored_keys()


def test_the_time_for_an_upload_is_an_hour(db):
    upload = begin(photo())
    assert upload.expires_at - timezone.now() > timedelta(minutes=59)
    assert upload.instructions("/").expires_at == upload.expires_at
