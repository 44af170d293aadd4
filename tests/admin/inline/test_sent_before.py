"""Files that were sent before the page is saved: the page sends their ids."""

from __future__ import annotations

import threading
import time
from io import BytesIO

import pytest
from django.contrib.auth.models import User

from django_polyimages.admin.inline import early_uploads
from django_polyimages.models import Image, PendingUpload
from django_polyimages.pipeline import receiving
from tests.admin.inline.sending import PREFIX, errors_of, save, url_of
from tests.drawing import photo
from tests.helpers import stored_keys
from tests.sending import INCOMING, begin, send, sent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ids() -> list[str]:
    return [str(send(begin(photo(), f"{name}.jpg"), photo()).pk) for name in ("one", "two")]


def names(contact) -> list[str]:
    return [relation.image.title for relation in contact.images.all()]


@pytest.mark.parametrize("locks_rows", [False, True], ids=["as on SQLite", "as on a server"])
def test_become_images_with_their_texts(admin_client, contact, ids, monkeypatch, locks_rows):
    monkeypatch.setattr(early_uploads, "locks_rows", lambda using: locks_rows)
    one, two = ids
    rows = {"upload-upload": one, "is_cover": "on"}, {"upload-upload": two, "order": 0}
    assert save(admin_client, contact, *rows).status_code == 302
    assert set(names(contact)) == {"one.jpg", "two.jpg"}
    assert contact.images.cover().image.title == "one.jpg"
    assert stored_keys(folder=INCOMING) == []
    assert {upload.state for upload in PendingUpload.objects.all()} == {"used"}


def test_without_a_row(admin_client, contact, ids):
    assert save(admin_client, contact, **{"uploads-upload": ids}).status_code == 302
    assert names(contact) == ["one.jpg", "two.jpg"]


def test_are_on_the_page_again_after_an_error(admin_client, contact, ids):
    contact.name = ""
    told = save(admin_client, contact, {"upload-upload": ids[0]}).content.decode()
    hidden = f'<input type="hidden" name="{PREFIX}-0-upload-upload" value="{ids[0]}">'
    assert hidden in told
    assert 'data-title="one.jpg"' in told
    assert "choose again" not in told


def test_sent_twice_become_one_image(admin_client, contact, ids):
    row = {"upload-upload": ids[0]}
    response = admin_client.get(save(admin_client, contact, row, dict(row)).url)
    assert "An image has already been created from this upload." in errors_of(response)
    assert Image.objects.count() == 1


def test_wait_together_no_longer_than_one(admin_client, contact, ids, monkeypatch, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": 1}
    answer = threading.Event()
    monkeypatch.setattr(receiving, "_read", lambda *args: answer.wait(30) and BytesIO())
    begun = time.monotonic()
    try:
        told = errors_of(save(admin_client, contact, *({"upload-upload": one} for one in ids * 4)))
    finally:
        answer.set()
    assert time.monotonic() - begun < 4
    assert told.count("The storage is not responding") >= len(ids)


def test_are_not_even_read_if_there_are_too_many(admin_client, contact, ids, monkeypatch, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 2}
    monkeypatch.setattr(receiving, "_read", lambda *args: 1 / 0)
    rows = [{"upload-upload": one} for one in (*ids, ids[0])]
    told = errors_of(save(admin_client, contact, *rows))
    assert "Too many files: 3; the maximum is 2." in told
    assert {upload.state for upload in PendingUpload.objects.all()} == {"waiting"}


def test_of_another_user_are_not_attached(admin_client, contact):
    upload = sent(creator=User.objects.create_user("stranger"))
    response = admin_client.get(save(admin_client, contact, {"upload-upload": str(upload.pk)}).url)
    assert "This upload does not exist or has expired." in errors_of(response)
    assert not Image.objects.exists()


def test_that_are_gone_are_told(admin_client, contact, ids):
    PendingUpload.objects.get(pk=ids[0]).cancel()
    told = errors_of(save(admin_client, contact, *({"upload-upload": one} for one in ids)))
    assert "This upload does not exist or has expired." in told
    assert not Image.objects.exists()
    assert PendingUpload.objects.get(pk=ids[1]).state == "waiting"


def test_the_page_says_where_files_are_sent_to(admin_client, contact):
    page = admin_client.get(url_of(contact)).content.decode()
    assert 'data-uploads-url="/admin/polyimages/image/uploads/"' in page
