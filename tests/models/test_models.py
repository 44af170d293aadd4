from __future__ import annotations

import json

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.files.storage import InMemoryStorage
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Q
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import InvalidImage, StorageUnavailable
from django_polyimages.models import (
    FileDeletion,
    Image,
    PolymorphicImageRelation,
    deletions,
    prefetch_images,
)
from django_polyimages.models.deletions import FileDeletionManager
from django_polyimages.pipeline import generation
from django_polyimages.versions import Version
from organizations.models import Organization
from tests.builders import fake_images
from tests.drawing import photo, upload_of
from tests.helpers import storage_calls, stored_keys

pytestmark = pytest.mark.django_db
Relation = PolymorphicImageRelation


def upload(organization, name: str = "photo.jpg", **options) -> Image:
    return Image.objects.upload(upload_of(photo(), name), organization=organization, **options)


class TestUpload:
    def test_records_everything_in_one_insert(self, acme, editor):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            image = upload(acme, creator=editor)
        assert [query["sql"].split()[0] for query in queries] == ["INSERT"]
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
        ],
    )
    def test_the_title_is_the_file_s_name_without_what_cannot_be_seen(self, acme, name, title):
        file = upload_of(photo())
        file._name = name
        assert Image.objects.upload(file, organization=acme).title == title

    def test_texts_can_be_given(self, acme):
        image = upload(acme, title="", alt_text="A door", description="Blue")
        assert (image.title, image.alt_text, image.description) == ("", "A door", "Blue")

    def test_a_refused_file_leaves_no_row(self, acme):
        with pytest.raises(InvalidImage):
            Image.objects.upload(upload_of(b"text"), organization=acme)
        assert not Image.objects.exists()

    def test_a_storage_that_is_down_leaves_no_row(self, acme, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            upload(acme)
        assert not Image.objects.exists()

    def test_a_row_that_cannot_be_written_leaves_no_files(self, acme):
        with pytest.raises(IntegrityError), transaction.atomic():
            upload(None)
        assert stored_keys() == []

    def test_missing_versions_are_said(self, acme, monkeypatch):
        monkeypatch.setattr(generation, "encode", lambda *args: 1 / 0)
        image = upload(acme)
        assert (image.status, image.failure_reason) == ("failed", "ZeroDivisionError")
        assert image.versions == {}


class TestVersions:
    def test_come_back_from_the_database_as_they_went_in(self, image):
        before = image.versions
        assert isinstance(before["sm"], Version)
        assert Image.objects.get().versions == before

    def test_are_recorded_as_plain_json(self, image):
        with connection.cursor() as cursor:
            cursor.execute("SELECT versions FROM polyimages_image")
            record = json.loads(cursor.fetchone()[0])
        assert set(record["thumb"]) == {
            *("key", "width", "height", "bytes", "digest", "media_type")
        }
        assert record["thumb"]["media_type"] == "image/webp"
        assert Image.objects.filter(versions__thumb__width=160).exists()
        assert Image.objects.values_list("versions__thumb__width", flat=True).get() == 160

    def test_survive_dumpdata(self, image):
        dump = serializers.serialize("json", [image])
        [loaded] = serializers.deserialize("json", dump)
        assert loaded.object.versions == image.versions

    def test_the_migration_does_not_need_our_field(self):
        assert Image._meta.get_field("versions").deconstruct()[1] == "django.db.models.JSONField"

    def test_a_url_costs_no_call(self, image, monkeypatch):
        with storage_calls(monkeypatch) as calls:
            urls = [version.url for version in image.versions.values()] + [image.url]
        assert all(url.startswith("/media/images/img_") for url in urls)
        assert calls == []

    def test_a_missing_version_is_replaced_by_the_next_larger_one(self, acme):
        image = Image.objects.upload(upload_of(photo(3000, 2000)), organization=acme)
        assert image.version("sm") == image.versions["sm"]
        medium, large = image.versions["md"], image.versions["lg"]
        del image.versions["sm"]
        assert image.version("sm") == medium
        image.versions = {"md": medium}
        assert image.version("lg") == medium
        image.versions = {"lg": large}
        assert image.version("thumb") == large
        image.versions = {}
        assert image.version("thumb") is None
        with pytest.raises(KeyError, match="no version 'small'; choose from thumb, sm, md, lg"):
            image.version("small")

    def test_what_is_larger_is_seen_at_the_version_and_not_at_its_box(self, acme):
        wide = Image.objects.upload(upload_of(photo(4000, 500)), organization=acme)
        del wide.versions["sm"]
        assert wide.version("sm") == wide.versions["md"]


class TestAttach:
    def test_a_contact_and_a_product_share_an_image(self, image, contact, product):
        assert contact.images.attach(image).content_object == contact
        assert product.images.attach(image).object_id == str(product.pk)
        assert image.relations.count() == 2
        assert Contact.objects.get().images.get().image == image
        assert Product.objects.get().images.get().image == image

    def test_attaching_twice_is_attaching_once(self, image, contact):
        assert contact.images.attach(image) == contact.images.attach(image)
        assert contact.images.attach_or_update(image)[1] is False
        assert contact.images.count() == 1

    def test_given_options_are_applied_to_what_is_attached(self, image, contact):
        contact.images.attach(image, custom_title="Here", order=3)
        relation = contact.images.attach(image, custom_alt_text="Door", is_cover=True)
        relation.refresh_from_db()
        assert (relation.custom_title, relation.order) == ("Here", 3)
        assert (relation.custom_alt_text, relation.is_cover) == ("Door", True)

    def test_the_database_refuses_a_second_relation(self, image, contact):
        contact.images.attach(image)
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(image=image, content_object=contact)

    @pytest.mark.skipif(
        not connection.features.supports_partial_indexes,
        reason="MySQL and MariaDB have no conditional unique constraints; the verbs lock",
    )
    def test_the_database_refuses_a_second_cover(self, acme, contact):
        first, second = fake_images(acme, 2)
        contact.images.attach(first, is_cover=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(image=second, content_object=contact, is_cover=True)

    def test_an_object_has_to_be_saved_first(self, acme, image):
        with pytest.raises(ValueError, match="Save the Contact before"):
            Contact(organization=acme, name="new").images.attach(image)
        with pytest.raises(IntegrityError), transaction.atomic():
            target = {"content_type": ContentType.objects.get_for_model(Contact)}
            Relation.objects.create(image=image, object_id=None, **target)

    def test_an_object_that_is_gone_gets_nothing(self, image, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        with pytest.raises(Contact.DoesNotExist):
            contact.images.attach(image)
        assert not Relation.objects.exists()

    def test_detach_removes_the_relation_and_not_the_image(self, image, contact):
        contact.images.attach(image)
        assert contact.images.detach(image) is True
        assert contact.images.detach(image) is False
        assert Image.objects.filter(pk=image.pk).exists()

    def test_texts_are_the_override_or_the_image_s_own(self, acme, contact):
        image = upload(acme, title="Own", alt_text="own alt", description="own words")
        relation = contact.images.attach(image)
        assert (relation.title, relation.alt_text, relation.description) == (
            "Own", "own alt", "own words",
        )  # fmt: skip
        relation = contact.images.attach(
            image, custom_title="T", custom_alt_text="A", custom_description="D"
        )
        assert (relation.title, relation.alt_text, relation.description) == ("T", "A", "D")
        assert str(relation) == "T"


class TestOrder:
    def test_is_order_then_age_with_nulls_last(self, acme, contact):
        a, b, c, d = fake_images(acme, 4)
        contact.images.attach(a)
        contact.images.attach(b, order=2)
        contact.images.attach(c)
        contact.images.attach(d, order=1)
        assert [relation.image for relation in contact.images.all()] == [d, b, a, c]

    def test_reorder_sets_it_and_the_rest_follows(self, acme, contact):
        a, b, c, d = fake_images(acme, 4)
        for image in (a, b, c, d):
            contact.images.attach(image)
        contact.images.reorder([d, b])
        assert [relation.image for relation in contact.images.all()] == [d, b, a, c]

    def test_reorder_refuses_what_is_not_attached_and_changes_nothing(self, acme, contact):
        a, b = fake_images(acme, 2)
        contact.images.attach(a)
        with pytest.raises(ValueError, match="Not attached"):
            contact.images.reorder([b, a])
        assert contact.images.get().order is None


class TestCover:
    def test_is_the_flagged_one_else_the_first_else_none(self, acme, contact):
        a, b, c = fake_images(acme, 3)
        assert contact.images.cover() is None
        contact.images.attach(a, order=5)
        contact.images.attach(b, order=1)
        contact.images.attach(c, order=9)
        assert contact.images.cover().image == b
        contact.images.set_cover(c)
        assert contact.images.cover().image == c

    def test_there_is_one_at_most(self, acme, contact):
        for image in fake_images(acme, 3):
            contact.images.set_cover(image)
        assert contact.images.filter(is_cover=True).count() == 1
        assert contact.images.cover().image == image

    def test_a_prefetched_cover_costs_no_query(self, acme, contact, django_assert_num_queries):
        a, b = fake_images(acme, 2)
        contact.images.attach(a)
        contact.images.attach(b, is_cover=True)
        [found] = Contact.objects.prefetch_images()
        with django_assert_num_queries(0):
            assert found.images.cover().image == b

    def test_a_verb_forgets_what_was_prefetched(self, acme, contact):
        a, b = fake_images(acme, 2)
        contact.images.attach(a)
        [found] = Contact.objects.prefetch_images()
        found.images.attach(b)
        assert found.images.count() == 2
        assert len(found.images.all()) == 2


class TestPrefetch:
    @pytest.mark.parametrize("count", [1, 20])
    def test_a_queryset_costs_three_queries(self, acme, count, django_assert_num_queries):
        images = fake_images(acme, 3)
        for number in range(count):
            contact = Contact.objects.create(organization=acme, name=str(number))
            for image in images:
                contact.images.attach(image)
        with django_assert_num_queries(3):
            urls = [
                version.url
                for contact in Contact.objects.prefetch_images()
                for relation in contact.images.all()
                for version in relation.image.versions.values()
            ]
        assert len(urls) == count * 12

    @pytest.mark.parametrize("count", [1, 20])
    def test_a_mixed_list_costs_one(self, acme, count, django_assert_num_queries):
        [image] = fake_images(acme, 1)
        objects = [
            model.objects.create(organization=acme, name=str(number))
            for number in range(count)
            for model in (Contact, Product)
        ]
        for obj in objects:
            obj.images.attach(image)
        objects = [*Contact.objects.all(), *Product.objects.all()]
        with django_assert_num_queries(1):
            prefetch_images(objects)
            assert [obj.images.cover().image for obj in objects] == [image] * count * 2


@pytest.mark.django_db(transaction=True)
class TestDeletion:
    def test_of_an_image_takes_its_files_and_relations_after_the_commit(self, image, contact):
        contact.images.attach(image)
        with transaction.atomic():
            image.delete()
            assert len(stored_keys()) == 5
            assert FileDeletion.objects.count() == 1
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()
        assert not Relation.objects.exists()

    def test_that_is_rolled_back_keeps_the_files(self, image):
        with pytest.raises(RuntimeError), transaction.atomic():
            image.delete()
            raise RuntimeError
        assert stored_keys() == sorted(Image.objects.get().keys)
        assert not FileDeletion.objects.exists()

    def test_in_bulk_takes_all_files(self, acme, monkeypatch):
        for _ in range(3):
            upload(acme)
        assert Image.objects.all().delete()[0] == 3
        assert stored_keys() == []

    @pytest.mark.parametrize("count", [1, 200])
    def test_in_bulk_costs_the_same_for_any_number(self, acme, count):
        fake_images(acme, count)
        with CaptureQueriesContext(connection) as queries:
            Image.objects.all().delete()
        statements = [query["sql"] for query in queries]
        assert sum(sql.split()[0] not in ("BEGIN", "COMMIT") for sql in statements) <= 7

    def test_of_an_organization_takes_all_files(self, acme):
        upload(acme)
        acme.delete()
        assert stored_keys() == []

    def test_of_a_host_removes_its_relations_and_keeps_the_image(self, image, contact, product):
        contact.images.attach(image)
        product.images.attach(image)
        Contact.objects.all().delete()
        assert [relation.content_object for relation in Relation.objects.all()] == [product]
        product.delete()
        assert not Relation.objects.exists()
        assert len(stored_keys()) == 5

    def test_of_a_deferred_row_still_knows_its_files(self, image):
        Image.objects.only("pk").get().delete()
        assert stored_keys() == []

    def test_in_bulk_leaves_rows_that_come_meanwhile(self, acme, monkeypatch):
        upload(acme)
        real = FileDeletionManager.schedule

        def schedule(self, images):
            real(self, images)
            upload(acme)

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
        upload(acme)
        assert query(Image.objects.all()).delete()[0] == 1
        assert stored_keys() == []

    @pytest.mark.django_db(transaction=True)
    def test_an_error_after_the_commit_is_not_the_caller_s(self, image, monkeypatch):
        monkeypatch.setattr(deletions, "delete_files", lambda keys: 1 / 0)
        with transaction.atomic():
            image.delete()
        assert not Image.objects.exists()
        assert FileDeletion.objects.get().keys == image.keys

    def test_in_bulk_of_a_slice_is_refused_as_by_django(self, acme):
        with pytest.raises(TypeError, match="Cannot use 'limit'"):
            Image.objects.all()[:1].delete()

    def test_of_a_content_type_takes_relations_and_keeps_images(self, image, contact):
        contact.images.attach(image)
        ContentType.objects.get_for_model(Contact).delete()
        ContentType.objects.clear_cache()
        assert not Relation.objects.exists()
        assert Image.objects.exists()

    def test_that_the_storage_refuses_is_remembered_and_tried_again(self, image, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
            image.delete()
        assert not Image.objects.exists()
        assert {one.last_error for one in FileDeletion.objects.all()} == {"ZeroDivisionError"}
        assert str(FileDeletion.objects.first()).startswith("images/img_")
        FileDeletion.objects.carry_out(list(FileDeletion.objects.all()))
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
class TestSecondDatabase:
    @pytest.fixture
    def there(self) -> Organization:
        return Organization.objects.using("other").create(name="There", slug="there")

    def test_an_upload_and_its_rollback_belong_to_it(self, there):
        with pytest.raises(RuntimeError), transaction.atomic(using="other"):
            Image.objects.db_manager("other").upload(upload_of(photo()), organization=there)
            raise RuntimeError
        assert stored_keys() == []

    def test_rows_are_deleted_there(self, acme, there):
        here = upload(acme)
        Image.objects.db_manager("other").upload(upload_of(photo()), organization=there)
        assert Image.objects.using("other").all().delete()[0] == 1
        assert stored_keys() == sorted(here.keys)
        assert not FileDeletion.objects.using("other").exists()

    def test_verbs_write_where_the_router_says_and_not_where_they_read(self, acme, settings, there):
        [image] = fake_images(acme, 1)
        contact = Contact.objects.create(organization=acme, name="Ada")
        settings.DATABASE_ROUTERS = ["tests.models.test_models.ReadElsewhere"]
        contact.images.attach_many([image])
        assert Relation.objects.using("default").count() == 1
        contact.images.attach(image, is_cover=True, custom_title="x")
        contact.images.reorder([image])
        assert Relation.objects.using("default").get().order == 0
        contact.images.detach(image)
        assert not Relation.objects.using("default").exists()


class ReadElsewhere:
    """A router with a read replica that knows nothing yet."""

    def db_for_read(self, model, **hints) -> str | None:
        return "other" if model is Relation else None

    def db_for_write(self, model, **hints) -> str:
        return "default"

    def allow_relation(self, *objects, **hints) -> bool:
        return True
