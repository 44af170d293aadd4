"""``ORIGINAL_METADATA = "strip"``, whichever way a file comes in, as seen in the storage."""

from __future__ import annotations

import hashlib
import io

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.urls import reverse
from PIL import Image as PillowImage

from django_polyimages import storage
from django_polyimages.forms import ImageUploadField
from django_polyimages.models import Image
from django_polyimages.operations.audit import AuditPlan, audit
from django_polyimages.pipeline.early import store_early
from tests.admin.inline.sending import save
from tests.api.calls import bulk_upload, upload
from tests.drawing import QUARTERS, corners, looks_like, photo, quarters, to_bytes, upload_of
from tests.helpers import decodes, read
from tests.private import MARKER, PRIVATE, private_exif

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])
PHOTO = photo(400, 300, orientation=6, exif=private_exif(6))


@pytest.fixture(autouse=True)
def strips(settings) -> None:
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_METADATA": "strip"}


def sent() -> object:
    return upload_of(PHOTO)


def positions() -> str:
    [finding] = [one for one in audit(AuditPlan(privacy=True)) if one.kind == "position"]
    return finding.detail


def by_python(acme, **_rest):
    Image.objects.upload(sent(), organization=acme)


def by_path(acme, tmp_path, **_rest):
    path = tmp_path / "photo.jpg"
    path.write_bytes(PHOTO)
    Image.objects.upload(path, organization=acme)
    assert path.read_bytes() == PHOTO


def by_api(client, **_rest):
    assert upload(client, sent()).status_code == 200


def by_api_in_bulk(client, **_rest):
    assert bulk_upload(client, sent()).json()[0]["status"] == "success"


def by_form(acme, **_rest):
    Image.objects.upload(ImageUploadField().clean(sent()), organization=acme)


def in_the_library(admin_client, acme, **_rest):
    data = {"upload": sent(), "organization": acme.pk}
    assert admin_client.post(reverse("admin:polyimages_image_add"), data).status_code == 302


def in_an_inline(admin_client, contact, **_rest):
    assert save(admin_client, contact, uploads=[sent()]).status_code == 302


def early(acme, **_rest):
    file = sent()
    with transaction.atomic():
        store_early(file, using="default")
        Image.objects.upload(file, organization=acme)


@pytest.mark.parametrize(
    "way",
    [by_python, by_path, by_api, by_api_in_bulk, by_form, in_the_library, in_an_inline, early],
)
def test_an_upload_is_stored_without_metadata_and_decoded_once(
    way, acme, contact, client, admin_client, tmp_path, monkeypatch
):
    with decodes(monkeypatch) as calls:
        way(acme=acme, contact=contact, client=client, admin_client=admin_client, tmp_path=tmp_path)
    image = Image.objects.get()
    stored = read(image.key)
    assert len(calls) == 1
    assert MARKER not in stored
    assert (image.byte_size, image.sha256) == (len(stored), hashlib.sha256(stored).hexdigest())
    assert (image.width, image.height, image.status) == (400, 300, "ready")
    with PillowImage.open(io.BytesIO(read(image.versions["sm"].key))) as picture:
        assert looks_like(corners(picture), QUARTERS, within=25)
    assert positions() == "0 of 1 originals carry a position"


@pytest.mark.parametrize("case", PRIVATE)
def test_every_kind_of_metadata_is_absent_from_the_storage(case, acme):
    image = Image.objects.upload(upload_of(PRIVATE[case]), organization=acme)
    assert image.status == "ready"
    assert MARKER not in read(image.key)


def test_without_the_setting_an_original_is_stored_byte_for_byte(acme, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_METADATA": "keep"}
    image = Image.objects.upload(sent(), organization=acme)
    assert read(image.key) == PHOTO
    assert positions() == "1 of 1 originals carry a position"


def test_a_file_on_disk_is_read_through_its_edits(acme, settings, tmp_path):
    disk = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    settings.STORAGES = settings.STORAGES | {"polyimages": disk}
    assert isinstance(storage.get_storage(), FileSystemStorage)
    with (tmp_path / "sent").open("wb+") as file:
        file.write(PHOTO)
        image = Image.objects.upload(file, organization=acme)
    assert MARKER not in (tmp_path / image.key).read_bytes()
    assert (tmp_path / image.key).stat().st_size == image.byte_size


def test_a_version_can_be_generated_from_it_again(acme):
    image = Image.objects.upload(sent(), organization=acme)
    assert Image.objects.regenerate(image, everything=True).failure == ""
    with PillowImage.open(io.BytesIO(read(image.versions["thumb"].key))) as picture:
        assert looks_like(corners(picture), QUARTERS, within=30)


def test_a_file_that_was_checked_under_another_setting_is_checked_again(acme, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_METADATA": "keep"}
    file = ImageUploadField().clean(sent())
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_METADATA": "strip"}
    assert MARKER not in read(Image.objects.upload(file, organization=acme).key)


def test_the_same_file_can_be_stored_twice(acme):
    file = sent()
    images = [Image.objects.upload(file, organization=acme) for _time in range(2)]
    assert images[0].sha256 == images[1].sha256
    assert images[0].key != images[1].key


def test_a_picture_without_metadata_is_stored_as_it_was_sent(acme):
    plain = to_bytes(quarters(), "PNG")
    assert read(Image.objects.upload(upload_of(plain), organization=acme).key) == plain
