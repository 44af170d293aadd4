from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Q
from django.test.utils import CaptureQueriesContext

from django_polyimages import InvalidImage, StorageUnavailable
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models.deletions import FileDeletionManager
from django_polyimages.pipeline import generation, slots
from organizations.models import Organization
from tests.builders import fake_images, uploaded
from tests.drawing import photo, upload_of
from tests.helpers import decodes, stored_keys

pytestmark = pytest.mark.django_db


class TestUpload:
    def test_records_everything_in_one_insert(self, acme, editor):
        with CaptureQueriesContext(connection) as queries:
            image = uploaded(acme, creator=editor)
        assert [query["sql"].split()[0] for query in queries] == [
            *("SAVEPOINT", "INSERT", "RELEASE")
        ]
        image.refresh_from_db()
        assert (image.width, image.height) == (400, 300)
        assert image.byte_size == len(photo())
        assert image.media_type == "image/jpeg"
        assert len(image.sha256) == 64
        assert (image.status, image.failure_reason) == ("ready", "")
        assert (image.organization, image.creator) == (acme, editor)
        assert list(image.versions) == ["thumb", "sm", "md", "lg"]
        assert stored_keys() == sorted(image.keys)

    @pytest.mark.parametrize(
        ("name", "title"),
        [
            ("holiday.jpg", "holiday.jpg"),
            ("C:\\photos\\me.jpg", "me.jpg"),
            ("a\u202egpj.exe", "agpj.exe"),
            ("zero\u200bwidth.jpg", "zerowidth.jpg"),
            ("x" * 300 + ".jpg", "x" * 255),
            ("Grüße 🌄.jpg", "Grüße 🌄.jpg"),
            ("Gru\u0308\u00dfe.jpg", "Gr\u00fc\u00dfe.jpg"),
            ("nul\0 and\nline.jpg", "nul andline.jpg"),
            ("two\u2028 \u2029\u00a0 lines.jpg", "two lines.jpg"),
            ("../../etc/passwd", "passwd"),
            ("\u2066\u202d\u200f", ""),
            ("\udcff.jpg", ".jpg"),
            ("e\u0301" * 300, "\u00e9" * 255),
            (b"/tmp/bytes.jpg", "bytes.jpg"),
            (Path("/tmp/path.jpg"), "path.jpg"),
            (7, ""),
            (None, ""),
        ],
    )
    def test_the_title_is_the_file_s_name_without_what_cannot_be_seen(self, acme, name, title):
        file = upload_of(photo())
        file._name = name
        image = Image.objects.upload(file, organization=acme)
        assert (image.title, image.file_name) == (title, title)

    def test_the_name_of_the_file_is_kept_beside_a_title(self, acme):
        image = uploaded(acme, title="Front door")
        assert (image.title, image.file_name) == ("Front door", "photo.jpg")
        image.refresh_from_db()
        assert image.file_name == "photo.jpg"
        assert uploaded(acme, file_name="IMG_1.jpg").file_name == "IMG_1.jpg"

    def test_a_file_of_another_field_is_opened(self, image, contact):
        """A closed ``FieldFile`` is one that was not opened yet."""
        image = Image.objects.get()
        assert image.file.closed
        assert contact.images.attach(image.file).image.sha256 == image.sha256

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"colour": "red"}, TypeError, "colour"),
            ({"organization": Organization(name="new")}, ValueError, "Save the organization"),
            ({"organization": User()}, ValueError, "must be a"),
        ],
    )
    def test_what_no_row_can_have_is_told_before_the_upload(
        self, acme, monkeypatch, options, error, message
    ):
        with decodes(monkeypatch) as done, pytest.raises(error, match=message):
            Image.objects.upload(upload_of(photo()), **{"organization": acme, **options})
        assert done == []

    def test_texts_can_be_given(self, acme):
        image = uploaded(acme, title="", alt_text="A door", description="Blue")
        assert (image.title, image.alt_text, image.description) == ("", "A door", "Blue")

    def test_a_refused_file_leaves_no_row(self, acme):
        with pytest.raises(InvalidImage):
            Image.objects.upload(upload_of(b"text"), organization=acme)
        assert not Image.objects.exists()

    def test_a_storage_that_is_down_leaves_no_row(self, acme, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            uploaded(acme)
        assert not Image.objects.exists()

    def test_each_organization_gets_its_turn(self, acme, monkeypatch):
        owners = []

        def spy(owner, memory):
            owners.append(owner)
            return slots.slot(owner, memory)

        monkeypatch.setattr(generation, "slot", spy)
        Image.objects.regenerate(uploaded(acme), everything=True)
        assert owners == [acme.pk, acme.pk]

    def test_a_row_that_cannot_be_written_leaves_no_files(self, acme):
        with pytest.raises(IntegrityError), transaction.atomic():
            uploaded(acme, alt_text=None)
        assert stored_keys() == []

    def test_missing_versions_are_said(self, acme, monkeypatch):
        monkeypatch.setattr(generation, "encode", lambda *args: 1 / 0)
        image = uploaded(acme)
        assert (image.status, image.failure_reason) == ("failed", "ZeroDivisionError")
        assert image.versions == {}


@pytest.mark.django_db(transaction=True)
class TestDeletion:
    def test_in_bulk_takes_all_files(self, acme, monkeypatch):
        for _ in range(3):
            uploaded(acme)
        assert Image.objects.all().delete()[0] == 3
        assert stored_keys() == []

    @pytest.mark.parametrize("count", [1, 140])
    def test_in_bulk_costs_the_same_for_any_number(self, acme, count):
        fake_images(acme, count)
        with CaptureQueriesContext(connection) as queries:
            Image.objects.all().delete()
        statements = [query["sql"] for query in queries]
        assert sum(sql.split()[0] not in ("BEGIN", "COMMIT") for sql in statements) <= 9

    def test_in_bulk_leaves_rows_that_come_meanwhile(self, acme, monkeypatch):
        uploaded(acme)
        real = FileDeletionManager.schedule

        def schedule(self, images):
            real(self, images)
            uploaded(acme)

        with monkeypatch.context() as patch:
            patch.setattr(FileDeletionManager, "schedule", schedule)
            Image.objects.filter(organization=acme).delete()
        assert stored_keys() == sorted(Image.objects.get().keys)

    @pytest.mark.parametrize(
        "query",
        [
            lambda images: images.filter(relations=None),
            lambda images: images.annotate(uses=Count("relations")).filter(uses=0),
            lambda images: images.filter(organization__slug="acme").distinct(),
            lambda images: images.filter(Q(creator__username="x") | Q(organization__slug="acme")),
            lambda images: images.select_related("organization").order_by("organization__name"),
            lambda images: images.only("title"),
        ],
    )
    def test_in_bulk_by_any_query(self, acme, query):
        uploaded(acme)
        assert query(Image.objects.all()).delete()[0] == 1
        assert stored_keys() == []

    def test_in_bulk_of_a_slice_is_refused_as_by_django(self, acme):
        with pytest.raises(TypeError, match="Cannot use 'limit'"):
            Image.objects.all()[:1].delete()


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
class TestSecondDatabase:
    def test_an_upload_and_its_rollback_belong_to_it(self, there):
        with pytest.raises(RuntimeError), transaction.atomic(using="other"):
            Image.objects.db_manager("other").upload(upload_of(photo()), organization=there)
            raise RuntimeError
        assert stored_keys() == []

    def test_rows_are_deleted_there(self, acme, there):
        here = uploaded(acme)
        Image.objects.db_manager("other").upload(upload_of(photo()), organization=there)
        assert Image.objects.using("other").all().delete()[0] == 1
        assert stored_keys() == sorted(here.keys)
        assert not FileDeletion.objects.using("other").exists()
