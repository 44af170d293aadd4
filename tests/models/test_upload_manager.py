from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import RequestFactory

from django_polyimages.errors import InvalidImage, UploadGone
from django_polyimages.models import Image, PendingUpload, upload_manager
from tests.drawing import photo
from tests.helpers import stored_keys
from tests.sending import INCOMING, begin, expire, send, sent


def code_of(error) -> str:
    return error.value.code


@pytest.mark.django_db
class TestBeginning:
    @pytest.mark.parametrize(
        ("options", "code"),
        [
            ({"byte_size": 0}, "empty"),
            ({"byte_size": -1}, "empty"),
            ({"byte_size": 10**400}, "too_large"),
            ({"byte_size": 20 * 1024 * 1024 + 1}, "too_large"),
            ({"byte_size": 1, "media_type": "image/heic"}, "not_an_image"),
            ({"byte_size": 1, "media_type": "text/html"}, "not_an_image"),
        ],
    )
    def test_refuses_what_no_upload_would_accept(self, options, code):
        with pytest.raises(InvalidImage) as error:
            PendingUpload.objects.begin(name="a.jpg", **options)
        assert code_of(error) == code
        assert not PendingUpload.objects.exists()

    def test_says_what_a_heic_image_is(self):
        with pytest.raises(InvalidImage, match="This is a HEIC image"):
            begin(b"a", media_type="image/heic")

    def test_is_not_endless(self, acme, other, editor, monkeypatch):
        monkeypatch.setattr(upload_manager, "MOST_OPEN", 2)
        for _ in range(2):
            begin(photo(), organization=acme, creator=editor)
        with pytest.raises(InvalidImage) as error:
            begin(photo(), organization=acme, creator=editor)
        assert code_of(error) == "too_many_uploads"
        begin(photo(), organization=other, creator=editor)
        PendingUpload.objects.filter(organization=acme)[0].cancel()
        begin(photo(), organization=acme, creator=editor)

    def test_forgets_uploads_whose_time_is_over(self, acme, monkeypatch):
        monkeypatch.setattr(upload_manager, "MOST_OPEN", 1)
        expire(begin(photo(), organization=acme))
        begin(photo(), organization=acme)

    def test_keeps_no_folder_and_no_control_character_of_the_name(self):
        assert begin(b"a", "C:\\pictures\\a\x00\u202e.jpg").file_name == "a.jpg"

    @pytest.mark.parametrize("name", ["..", "a/..", "..\u200b", "."])
    def test_keeps_no_name_of_a_folder_which_django_refuses_for_a_file(self, name):
        assert PendingUpload.objects.received(begin(b"a", name).pk).name is None

    def test_refuses_a_wrong_digest_of_the_caller(self):
        with pytest.raises(ValueError, match="64 hex digits"):
            begin(b"a", sha256="abc")


@pytest.mark.django_db
class TestSending:
    @pytest.mark.parametrize("content", [photo()[:-1], photo() + b"a", b""])
    def test_another_length_is_refused(self, content):
        with pytest.raises(InvalidImage) as error:
            send(begin(photo()), content)
        assert code_of(error) == "other_file"
        assert stored_keys(folder=INCOMING) == []

    @pytest.mark.parametrize("content", [photo()[:-1], photo() + b"a"])
    def test_another_length_that_was_not_announced_is_refused(self, content):
        upload = begin(photo())
        request = HttpRequest()
        request.content_type, request._stream = upload.media_type, BytesIO(content)
        token = upload.instructions("/").url.partition("token=")[2]
        with pytest.raises(InvalidImage) as error:
            PendingUpload.objects.receive(token, request)
        assert code_of(error) == "other_file"
        assert stored_keys(folder=INCOMING) == []

    def test_another_length_in_the_header_is_refused_unread(self):
        upload = begin(photo())
        told = upload.instructions("/")
        request = RequestFactory().put(told.url, photo() + b"a", content_type=upload.media_type)
        request.read = lambda size: 1 / 0
        with pytest.raises(InvalidImage):
            PendingUpload.objects.receive(request.GET["token"], request)

    def test_another_type_is_refused(self):
        with pytest.raises(InvalidImage, match="its type is not image/jpeg"):
            send(begin(photo(), media_type="image/jpeg"), photo(), content_type="image/png")

    def test_another_digest_is_refused(self):
        upload = begin(photo(), sha256=sha256(b"other").hexdigest())
        with pytest.raises(InvalidImage, match="SHA-256"):
            send(upload, photo())
        assert stored_keys(folder=INCOMING) == []

    def test_the_digest_is_accepted_in_capitals(self):
        send(begin(photo(), sha256=sha256(photo()).hexdigest().upper()), photo())

    def test_a_second_time_replaces_nothing(self):
        upload = sent()
        with pytest.raises(UploadGone) as error:
            send(upload, photo())
        assert code_of(error) == "already_sent"
        assert stored_keys(folder=INCOMING) == [upload.key]

    def test_needs_a_token_for_uploads_that_is_not_old(self):
        upload = begin(photo())
        expire(upload)
        with pytest.raises(PermissionDenied):
            send(upload, photo())
        with pytest.raises(PermissionDenied):
            PendingUpload.objects.receive(str(upload.pk), RequestFactory().put("/", b""))

    def test_after_cancelling_is_refused(self, db):
        upload = begin(photo())
        upload.cancel()
        with pytest.raises(UploadGone):
            send(upload, photo())
        assert stored_keys(folder=INCOMING) == []


@pytest.mark.django_db
class TestUsing:
    def test_what_was_not_sent_can_be_sent_later(self, acme):
        upload = begin(photo(), organization=acme)
        with pytest.raises(UploadGone) as error:
            upload.complete()
        assert code_of(error) == "not_sent"
        send(upload, photo())
        assert upload.complete().status == "ready"

    @pytest.mark.parametrize("key", ["1", "", "\x00", str(Image), None])
    def test_an_id_that_is_none_is_not_found(self, key):
        with pytest.raises(UploadGone):
            PendingUpload.objects.received(key)

    def test_after_its_time_is_refused(self, acme):
        upload = sent()
        expire(upload)
        with pytest.raises(UploadGone) as error:
            PendingUpload.objects.received(upload.pk)
        assert code_of(error) == "upload_gone"
        with pytest.raises(UploadGone):
            PendingUpload.objects.get().complete(organization=acme)

    def test_by_another_user_or_organization_is_refused(self, acme, other, editor):
        upload = sent(organization=acme, creator=editor)
        stranger = User.objects.create_user("stranger")
        for whose in ({"creator": stranger}, {"organization": other}):
            with pytest.raises(UploadGone) as error:
                PendingUpload.objects.received(upload.pk, **whose)
            assert code_of(error) == "upload_gone"
        with pytest.raises(UploadGone):
            Image.objects.upload(PendingUpload.objects.received(upload.pk), organization=other)
        with pytest.raises(UploadGone):
            Image.objects.upload(
                PendingUpload.objects.received(upload.pk), organization=acme, creator=stranger
            )
        PendingUpload.objects.received(upload.pk, creator=editor, organization=acme)

    def test_by_another_organization_is_refused_also_if_that_is_false(
        self, acme, other, monkeypatch
    ):
        monkeypatch.setattr(type(other), "__len__", lambda self: 0, raising=False)  # its members
        with pytest.raises(UploadGone):
            PendingUpload.objects.received(sent(organization=acme).pk, organization=other)
        assert Image.objects.upload(photo(), organization=other).organization == other

    def test_what_no_upload_accepts_is_deleted_with_its_row(self, acme):
        page = b"<!doctype html><title>No image</title>"
        upload = send(begin(page, organization=acme), page)
        with pytest.raises(InvalidImage, match="web page"):
            upload.complete()
        assert not PendingUpload.objects.exists()
        assert stored_keys(folder=INCOMING) == []

    def test_does_not_outlive_those_it_belongs_to(self, acme, editor):
        begin(photo(), organization=acme)
        begin(photo(), creator=editor)
        editor.delete()
        acme.delete()
        assert not PendingUpload.objects.exists()
