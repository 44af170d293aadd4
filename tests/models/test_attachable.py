from __future__ import annotations

import pickle

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InMemoryStorage
from django.db import connection, connections, models, router, transaction
from django.test.utils import CaptureQueriesContext, isolate_apps

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import InvalidImage, StorageUnavailable
from django_polyimages.models import (
    FileDeletion,
    Image,
    Synced,
    organization_of,
    prefetch_images,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Membership, Organization
from tests.builders import fake_images
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


def file(content: bytes | None = None):
    return upload_of(photo() if content is None else content)


def images_of(obj) -> list[Image]:
    return [relation.image for relation in obj.images.all()]


def words(queries) -> list[str]:
    return [query["sql"].split()[0] for query in queries]


class TestAttachFile:
    def test_is_uploaded_for_the_object_s_organization(self, contact, acme, editor):
        relation = contact.images.attach(file(), creator=editor, custom_title="Here", is_cover=True)
        image = Image.objects.get()
        assert relation.image == image
        assert (image.organization, image.creator, image.title) == (acme, editor, "photo.jpg")
        assert (relation.title, relation.is_cover) == ("Here", True)
        assert stored_keys() == sorted(image.keys)

    def test_each_verb_that_attaches_takes_one(self, product, editor):
        _relation, created = product.images.attach_or_update(file(), creator=editor)
        assert created
        cover = product.images.set_cover(file(), creator=editor)
        assert product.images.cover() == cover
        assert [image.creator for image in images_of(product)] == [editor, editor]

    @pytest.mark.django_db(transaction=True)
    def test_the_storage_is_not_asked_while_the_object_is_locked(self, contact, monkeypatch):
        real, inside = InMemoryStorage._save, []

        def save(self, name, content):
            inside.append(connection.in_atomic_block)
            return real(self, name, content)

        monkeypatch.setattr(InMemoryStorage, "_save", save)
        contact.images.attach(file())
        assert inside == [False] * 5

    @pytest.mark.django_db(transaction=True)
    def test_what_cannot_be_attached_leaves_nothing(self, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        with pytest.raises(Contact.DoesNotExist):
            contact.images.attach(file())
        with pytest.raises(TypeError, match="colour"):
            Contact.objects.create(organization=contact.organization, name="x").images.attach(
                file(), colour="red"
            )
        assert not Image.objects.exists()
        assert not FileDeletion.objects.exists()
        assert stored_keys() == []

    @pytest.mark.django_db(transaction=True)
    def test_nor_within_the_caller_s_transaction(self, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        with transaction.atomic():
            with pytest.raises(Contact.DoesNotExist):
                contact.images.attach(file())
            Contact.objects.create(organization=contact.organization, name="goes on")
        assert not Image.objects.exists()
        assert stored_keys() == []
        assert Contact.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_an_error_that_ends_the_caller_s_transaction_is_the_one_raised(self, contact):
        with pytest.raises(TypeError, match="colour"), transaction.atomic():
            contact.images.attach(file(), colour="red")
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_nothing_is_uploaded_for_an_object_not_saved(self, acme):
        with pytest.raises(ValueError, match="Save the Contact before"):
            Contact(organization=acme, name="new").images.attach(file())
        assert stored_keys() == []

    def test_a_refused_file_attaches_nothing(self, contact, monkeypatch):
        with pytest.raises(InvalidImage):
            contact.images.attach(file(b"text"))
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            contact.images.attach(file())
        assert not Relation.objects.exists()

    def test_a_model_without_a_path_is_told(self, contact, monkeypatch):
        monkeypatch.setattr(Contact, "image_organization_path", None)
        with pytest.raises(ImproperlyConfigured, match="Contact has no image_organization_path"):
            contact.images.attach(file())
        assert stored_keys() == []

    @pytest.mark.django_db(transaction=True, databases=["default", "other"])
    def test_of_an_object_in_another_database_is_uploaded_there(self):
        there = Organization.objects.using("other").create(name="There", slug="there")
        contact = Contact.objects.using("other").create(organization=there, name="Ada")
        image = contact.images.attach(file()).image
        assert Image.objects.using("other").get() == image
        assert not Image.objects.using("default").exists()
        Contact.objects.using("other").filter(pk=contact.pk).delete()
        with pytest.raises(Contact.DoesNotExist):
            contact.images.attach(file())
        assert Image.objects.using("other").get() == image


class TestOrganizationOf:
    def test_follows_the_path(self, contact, acme, monkeypatch):
        assert organization_of(contact) == acme
        monkeypatch.setattr(Membership, "image_organization_path", "organization", raising=False)
        monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
        assert organization_of(acme) is acme

    def test_a_path_that_ends_at_none_is_an_error(self, monkeypatch):
        with pytest.raises(ValueError, match="This Contact has no organization: organization is N"):
            organization_of(Contact(name="x"))
        monkeypatch.setattr(Image, "image_organization_path", "creator__pk", raising=False)
        with pytest.raises(ValueError, match="creator__pk is None"):
            organization_of(Image())

    def test_a_path_to_many_is_refused(self, editor, contact, monkeypatch):
        monkeypatch.setattr(
            Contact, "image_organization_path", "organization__memberships__organization"
        )
        with pytest.raises(ImproperlyConfigured, match="to many objects by 'memberships'"):
            organization_of(contact)


class TestSync:
    def test_attaches_exactly_these_in_this_order(self, acme, contact):
        a, b, c, d = fake_images(acme, 4)
        contact.images.attach(a)
        contact.images.attach(b, order=7, custom_title="B", is_cover=True)
        contact.images.attach(c)
        assert contact.images.sync([d, b, a]) == Synced(attached=(d.pk,), detached=(c.pk,))
        assert images_of(contact) == [d, b, a]
        assert [one.order for one in contact.images.all()] == [0, 1, 2]
        kept = contact.images.get(image=b)
        assert (kept.custom_title, kept.is_cover) == ("B", True)
        assert contact.images.cover() == kept

    def test_an_image_twice_is_there_once_where_it_came_first(self, acme, contact):
        a, b = fake_images(acme, 2)
        assert contact.images.sync([b, a, b]) == Synced((b.pk, a.pk), ())
        assert images_of(contact) == [b, a]

    def test_the_same_again_changes_nothing(self, acme, contact):
        images = fake_images(acme, 3)
        contact.images.sync(images)
        before = list(contact.images.values())
        with CaptureQueriesContext(connection) as queries:
            assert contact.images.sync(images) == Synced((), ())
        assert not {"INSERT", "UPDATE", "DELETE"} & set(words(queries))
        assert list(contact.images.values()) == before

    def test_nothing_detaches_all(self, acme, contact, product):
        images = fake_images(acme, 2)
        contact.images.sync(images)
        product.images.sync(images)
        assert contact.images.sync([]).detached == tuple(image.pk for image in images)
        assert images_of(contact) == []
        assert images_of(product) == images

    @pytest.mark.parametrize("count", [2, 60])  # SQLite takes 999 values in an INSERT
    def test_costs_the_same_for_any_number(self, acme, contact, count):
        images = fake_images(acme, 3 * count)
        contact.images.sync(images[: 2 * count])
        with CaptureQueriesContext(connection) as queries:
            contact.images.sync(images[count:])
        statements = [word for word in words(queries) if word in SQL]
        assert statements == ["SELECT", "SELECT", "SELECT", "DELETE", "UPDATE", "INSERT"]

    def test_an_object_that_is_gone_gets_nothing(self, acme, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        with pytest.raises(Contact.DoesNotExist):
            contact.images.sync(fake_images(acme, 1))
        with pytest.raises(ValueError, match="Save the Contact"):
            Contact(name="x").images.sync([])

    def test_forgets_what_was_prefetched(self, acme, contact):
        a, b = fake_images(acme, 2)
        contact.images.sync([a])
        prefetch_images([contact])
        contact.images.sync([b])
        assert images_of(contact) == [b]


SQL = {"SELECT", "INSERT", "UPDATE", "DELETE"}


@pytest.fixture
def gallery(acme) -> dict[models.Model, list[Image]]:
    """Objects of two models with the images that they have in display order, the cover first."""
    a, b, c = fake_images(acme, 3)
    gallery = {}
    for model in (Contact, Product):
        flagged, ordered, unordered, without = (
            model.objects.create(organization=acme, name=name) for name in "wxyz"
        )
        flagged.images.attach(a, order=0)
        flagged.images.attach(b, is_cover=True, order=1)
        ordered.images.attach(a)
        ordered.images.attach(c, order=9)
        ordered.images.attach(b, order=3)
        unordered.images.attach(c)
        unordered.images.attach(a)
        gallery |= {flagged: [b, a], ordered: [b, c, a], unordered: [c, a], without: []}
    return gallery


def fresh(objects) -> list[models.Model]:
    return [type(obj).objects.get(pk=obj.pk) for obj in objects]


class TestPrefetch:
    @pytest.mark.parametrize("times", [1, 20])
    def test_a_mixed_list_costs_one_query(self, gallery, times, django_assert_num_queries):
        objects = [obj for _ in range(times) for obj in fresh(gallery)]
        with django_assert_num_queries(1):
            prefetch_images(objects)
            found = [{relation.image.title for relation in obj.images.all()} for obj in objects]
            covers = [obj.images.cover() for obj in objects]
        assert found == [{image.title for image in images} for images in gallery.values()] * times
        assert [cover and cover.image for cover in covers] == [
            next(iter(images), None) for images in gallery.values()
        ] * times

    def test_is_in_display_order(self, gallery):
        objects = fresh(gallery)
        prefetch_images(objects)
        for obj in objects:
            assert images_of(obj) == images_of(type(obj).objects.get(pk=obj.pk))

    def test_content_types_cost_one_more_when_they_are_unknown(
        self, gallery, django_assert_num_queries
    ):
        objects = fresh(gallery)
        ContentType.objects.clear_cache()
        with django_assert_num_queries(2):
            prefetch_images(objects)

    def test_the_same_object_twice_and_another_of_the_same_row(self, gallery):
        obj = next(iter(gallery))
        [twin] = fresh([obj])
        prefetch_images([obj, twin, obj])
        with CaptureQueriesContext(connection) as queries:
            assert len(obj.images.all()) == len(twin.images.all()) == 2
        assert not queries.captured_queries

    def test_nothing_costs_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            prefetch_images([])
            prefetch_images([], cover_only=True)

    def test_what_was_loaded_is_loaded_again(self, acme, contact):
        a, b = fake_images(acme, 2)
        contact.images.attach(a)
        prefetch_images([contact])
        Contact.objects.get().images.attach(b)
        assert images_of(contact) == [a]
        prefetch_images([contact])
        assert images_of(contact) == [a, b]

    @pytest.mark.parametrize("cover_only", [False, True])
    def test_what_has_no_images_is_told(self, acme, cover_only):
        with pytest.raises(TypeError, match="Organization is not attachable"):
            prefetch_images([acme], cover_only=cover_only)
        for model in (Contact, Product):
            with pytest.raises(ValueError, match=f"Save the {model.__name__} before"):
                prefetch_images([model(organization=acme, name="x")], cover_only=cover_only)

    @isolate_apps("contacts")
    def test_a_proxy_has_the_images_of_its_model(self, gallery):
        class ContactProxy(Contact):
            class Meta:
                app_label = "contacts"
                proxy = True

        obj = next(iter(gallery))
        proxy = ContactProxy.objects.get(pk=obj.pk)
        prefetch_images([proxy])
        assert len(proxy.images.all()) == 2
        prefetch_images([proxy], cover_only=True)
        assert proxy.images.cover() == obj.images.cover()


class TestCoverOnly:
    def test_a_queryset_costs_two_queries(self, gallery, django_assert_num_queries):
        for model in (Contact, Product):
            with django_assert_num_queries(2):
                found = {
                    obj: (cover := obj.images.cover()) and cover.image
                    for obj in model.objects.prefetch_images(cover_only=True)
                }
            assert found == {obj: next(iter(gallery[obj]), None) for obj in found}
            assert len(found) == 4

    def test_a_mixed_list_costs_one(self, gallery, django_assert_num_queries):
        objects = fresh(gallery)
        with django_assert_num_queries(1):
            prefetch_images(objects, cover_only=True)
            covers = [obj.images.cover() for obj in objects]
            assert [cover and cover.image for cover in covers] == [
                next(iter(images), None) for images in gallery.values()
            ]

    def test_only_the_rows_of_these_objects_are_numbered_and_one_of_each_is_read(self, gallery):
        objects = fresh(gallery)[:2]
        with CaptureQueriesContext(connection) as queries:
            prefetch_images(objects, cover_only=True)
        sql = queries[0]["sql"]
        start, end = sql.index("ROW_NUMBER()"), sql.index("qualify")
        assert "WHERE" in sql[start:end]
        assert "object_id" in sql[start:end].rpartition("WHERE")[2]
        assert "versions" not in sql[start:end]

    def test_all_is_still_asked_for(self, gallery, django_assert_num_queries):
        for obj in Contact.objects.prefetch_images(cover_only=True):
            with django_assert_num_queries(1):
                assert len(obj.images.all()) == len(gallery[obj])

    @pytest.mark.parametrize(
        "query",
        [
            lambda contacts: contacts.filter(name__in="wx"),
            lambda contacts: contacts.order_by("name")[:2],
            lambda contacts: contacts.order_by("-name")[2:],
            lambda contacts: contacts.exclude(name__in="yz").iterator(chunk_size=1),
            lambda contacts: contacts.with_cover(),
            lambda contacts: contacts.prefetch_images(cover_only=True),
            lambda contacts: contacts.prefetch_images().filter(name="x"),
            lambda contacts: contacts.only("name"),
            lambda contacts: pickle.loads(pickle.dumps(contacts.all())),
        ],
    )
    def test_survives_chaining(self, gallery, query):
        found = list(query(Contact.objects.prefetch_images(cover_only=True)))
        assert found
        with CaptureQueriesContext(connection) as queries:
            for obj in found:
                cover = obj.images.cover()
                assert (cover and cover.image) == next(iter(gallery[obj]), None)
        assert not queries.captured_queries

    def test_prefetch_related_of_another_model_reaches_it(self, gallery, acme):
        acme = Organization.objects.prefetch_related("contact_set___images_cover").get()
        with CaptureQueriesContext(connection) as queries:
            assert [bool(one.images.cover()) for one in acme.contact_set.all()].count(True) == 3
        assert not queries.captured_queries

    @pytest.mark.parametrize(
        "verb",
        [
            lambda images, image: images.attach(image),
            lambda images, image: images.set_cover(image),
            lambda images, image: images.sync([image]),
            lambda images, image: images.attach_many([image]),
            lambda images, image: images.detach(image),
            lambda images, image: images.reorder([]),
            lambda images, image: images.clear(),
            lambda images, image: images.remove(*images.all()),
        ],
    )
    def test_a_verb_forgets_it(self, gallery, acme, verb, django_assert_num_queries):
        for obj in Contact.objects.prefetch_images(cover_only=True):
            verb(obj.images, fake_images(acme, 1)[0])
            with django_assert_num_queries(1):
                cover = obj.images.cover()
            assert cover == Contact.objects.get(pk=obj.pk).images.cover()

    def test_refreshing_forgets_it(self, gallery, acme):
        obj = Contact.objects.prefetch_images(cover_only=True).get(name="z")
        assert obj.images.cover() is None
        Contact.objects.get(name="z").images.attach(fake_images(acme, 1)[0])
        assert obj.images.cover() is None
        obj.refresh_from_db()
        assert obj.images.cover() is not None

    def test_loading_all_afterwards_takes_its_place(self, gallery, acme):
        obj = Contact.objects.prefetch_images(cover_only=True).get(name="w")
        new = fake_images(acme, 1)[0]
        Contact.objects.get(name="w").images.set_cover(new)
        prefetch_images([obj])
        assert obj.images.cover().image == new

    def test_saving_the_object_is_not_disturbed(self, gallery):
        obj = Contact.objects.prefetch_images(cover_only=True).get(name="w")
        obj.name = "saved"
        obj.save()
        assert Contact.objects.get(pk=obj.pk).name == "saved"
        assert pickle.loads(pickle.dumps(obj)).images.cover() == obj.images.cover()


class ProductsElsewhere:
    """A router that keeps the relations of products in another database."""

    def db_for_read(self, model, instance=None, **hints) -> str | None:
        return "other" if model is Relation and isinstance(instance, Product) else None


@pytest.mark.django_db(databases=["default", "other"])
class TestDatabases:
    @pytest.mark.parametrize("cover_only", [False, True])
    def test_each_object_gets_the_images_of_its_own(self, acme, cover_only):
        there = Organization.objects.using("other").create(pk=acme.pk, name="x", slug="x")
        objects = []
        for using, organization in (("default", acme), ("other", there)):
            contact = Contact(pk=1, organization=organization, name=using)
            contact.save(using=using)
            image = Image(
                file="images/1.jpg", title=using, organization=organization, width=1, height=1,
                byte_size=1,
            )  # fmt: skip
            image.save(using=using)
            contact.images.attach(image)
            objects.append(contact)
        found = [Contact.objects.using(using).get() for using in ("default", "other")]
        prefetch_images(found, cover_only=cover_only)
        with (
            CaptureQueriesContext(connection) as queries,
            CaptureQueriesContext(connections["other"]) as others,
        ):
            assert [obj.images.cover().image.title for obj in found] == ["default", "other"]
        assert not queries.captured_queries
        assert not others.captured_queries

    def test_a_router_is_asked(self, acme, settings):
        product = Product.objects.create(organization=acme, name="x")
        product.images.attach(fake_images(acme, 1)[0])
        prefetch_images([product])
        assert len(product.images.all()) == 1
        settings.DATABASE_ROUTERS = ["tests.models.test_attachable.ProductsElsewhere"]
        assert router.db_for_read(Relation, instance=product) == "other"
        prefetch_images([product])
        assert len(product.images.all()) == 0
        prefetch_images([product], cover_only=True)
        assert product.images.cover() is None


@pytest.mark.parametrize("model", [Contact, Product])
class TestDeletion:
    @pytest.fixture
    def obj(self, model, acme):
        """An object whose relations have to go; one of the other model has the same image."""
        [image] = fake_images(acme, 1)
        for kind in (Contact, Product):
            kind.objects.create(organization=acme, name="x").images.attach(image, is_cover=True)
        kept = Contact if model is Product else Product
        yield model.objects.get()
        if Organization.objects.exists():
            assert [one.content_object for one in Relation.objects.all()] == [kept.objects.get()]
            assert Image.objects.exists()

    def test_of_an_object(self, obj):
        obj.delete()

    def test_of_a_queryset(self, obj):
        type(obj).objects.all().delete()

    def test_of_what_a_filter_by_images_finds(self, obj):
        assert type(obj).objects.filter(images__is_cover=True).delete()[0] == 2

    def test_of_what_has_a_cover(self, obj):
        assert type(obj).objects.with_cover().delete()[0] == 2

    def test_of_the_organization(self, obj, acme):
        acme.delete()
        assert not Relation.objects.exists()
        assert not Image.objects.exists()
