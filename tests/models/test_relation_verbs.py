from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import OrganizationMismatch
from django_polyimages.models import (
    Image,
    ImageAttachable,
    ImageManager,
    ImageQuerySet,
    ImageRelationManager,
    Synced,
    prefetch_images,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Organization
from tests.builders import attached_to, fake_images, images_of
from tests.drawing import photo, upload_of
from tests.helpers import decodes, statements, storage_calls

pytestmark = pytest.mark.django_db


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
        assert not {"INSERT", "UPDATE", "DELETE"} & set(statements(queries))
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
        words = [word for word in statements(queries) if word in SQL]
        assert words.count("SELECT") == (5 if connection.features.has_select_for_update else 3)
        assert words.count("DELETE") == (count if (connection.vendor, count) == ("mysql", 2) else 1)
        assert list(dict.fromkeys(words)) == ["SELECT", "DELETE", "UPDATE", "INSERT"]
        assert words.count("UPDATE") == words.count("INSERT") == 1

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

    def test_reorder_leaves_those_before_its_start(self, acme, contact):
        a, b, c, d, e = fake_images(acme, 5)
        contact.images.attach_many([a, b, c, d, e])
        contact.images.reorder([d, c], start=2)
        assert images_of(contact) == [a, b, d, c, e]

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


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
class TestSecondDatabase:
    def test_verbs_write_where_the_router_says_and_not_where_they_read(self, acme, settings, there):
        [image] = fake_images(acme, 1)
        contact = Contact.objects.create(organization=acme, name="Ada")
        settings.DATABASE_ROUTERS = ["tests.models.test_relation_verbs.ReadElsewhere"]
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


def test_the_same_image_twice_is_attached_once(contact, images):
    assert contact.images.attach_many([images[0], images[0]]) == images[:1]
    assert attached_to(contact) == images[:1]


def test_a_generator_will_do(contact, images):
    contact.images.sync(image for image in images)
    contact.images.reorder(image for image in images[::-1])
    assert attached_to(contact) == images[::-1]
    assert contact.images.detach_many(image.pk for image in images[1:]) != []
    assert attached_to(contact) == images[:1]


def test_types_can_be_named_at_run_time():
    assert ImageRelationManager["Use"] is ImageRelationManager
    assert ImageAttachable["Use"] is ImageAttachable
    assert (ImageManager["Photo"], ImageQuerySet["Photo"]) == (ImageManager, ImageQuerySet)
    assert ImageAttachable.__bases__[0].__name__ == "Model"


@pytest.mark.django_db
class TestReorderInPlace:
    def test_stays_behind_those_that_are_before_it_now(self, acme, contact):
        a, b, c, d, e = fake_images(acme, 5)
        contact.images.attach_many([a, b, c, d, e])
        contact.images.detach(a)
        contact.images.reorder([d, c], start=None)
        assert [one.image for one in contact.images.all()] == [b, d, c, e]

    def test_does_not_count_backwards(self, acme, contact):
        [image] = fake_images(acme, 1)
        contact.images.attach(image)
        with pytest.raises(ValueError, match="must not be negative"):
            contact.images.reorder([image], start=-1)


ATTACHING = [
    lambda obj, own, foreign, **options: obj.images.attach(foreign, **options),
    lambda obj, own, foreign, **options: obj.images.attach_or_update(foreign, **options),
    lambda obj, own, foreign, **options: obj.images.set_cover(foreign, **options),
    lambda obj, own, foreign, **options: obj.images.attach_many([own, foreign], **options),
    lambda obj, own, foreign, **options: obj.images.sync([own, foreign], **options),
    lambda obj, own, foreign, **options: Relation.objects.create(
        image=foreign, content_object=obj, **options
    ),
]


class TestImagesOfOtherOrganizations:
    @pytest.fixture
    def own(self, acme) -> Image:
        return fake_images(acme, 1)[0]

    @pytest.fixture
    def foreign(self, other) -> Image:
        return fake_images(other, 1)[0]

    @pytest.mark.parametrize("attach", ATTACHING)
    @pytest.mark.parametrize("model", [Contact, Product])
    def test_are_refused_and_nothing_is_changed(self, acme, own, foreign, attach, model):
        obj = model.objects.create(organization=acme, name="x")
        with transaction.atomic():
            with pytest.raises(OrganizationMismatch, match="allow_foreign") as raised:
                attach(obj, own, foreign)
            obj.images.attach(own)  # the transaction goes on
        assert raised.value.image_ids == [foreign.pk]
        assert attached_to(obj) == [own]

    @pytest.mark.parametrize("attach", ATTACHING)
    def test_are_attached_if_that_is_intended(self, contact, own, foreign, attach):
        attach(contact, own, foreign, allow_foreign=True)
        assert foreign in attached_to(contact)

    def test_that_are_there_may_be_changed_and_kept(self, contact, own, foreign):
        contact.images.attach(foreign, allow_foreign=True)
        assert contact.images.attach(foreign, custom_title="Lent").title == "Lent"
        contact.images.set_cover(foreign)
        assert contact.images.attach_many([foreign, own]) == [own]
        assert contact.images.sync([own, foreign]) == Synced((), ())
        relation = contact.images.get(image=foreign)
        relation.custom_title = "Kept"
        relation.save()
        assert contact.images.cover() == relation

    @pytest.mark.parametrize("path", [None, "nowhere"])
    def test_of_an_object_whose_organization_is_unknown_are_attached(
        self, contact, foreign, monkeypatch, path
    ):
        monkeypatch.setattr(Contact, "image_organization_path", path)
        contact.images.attach(foreign)
        assert attached_to(contact) == [foreign]

    def test_of_an_object_that_moves_are_those_of_its_new_organization(
        self, contact, own, foreign, other
    ):
        contact.images.attach(own)
        contact.organization = other
        contact.save()
        contact.images.attach(foreign)
        with pytest.raises(OrganizationMismatch):
            contact.images.sync(fake_images(Organization.objects.get(slug="acme"), 1))
        assert attached_to(contact) == [own, foreign]

    @pytest.mark.parametrize("attach", ATTACHING)
    def test_are_recognised_without_a_query(self, acme, own, attach):
        def queries(**options) -> int:
            contact = Contact.objects.create(organization=acme, name="x")
            contact, image = Contact.objects.get(pk=contact.pk), fake_images(acme, 1)[0]
            with CaptureQueriesContext(connection) as made:
                attach(contact, own, image, **options)
            return len(made)

        queries()  # loads content types
        assert queries() == queries(allow_foreign=True)


class TestOptions:
    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("alt_text", "is not an option of a relation: .* Did you mean custom_alt_text?"),
            ("title", "custom_alt_text, custom_description, custom_title, is_cover, order. Did"),
            ("content_type", "'content_type' is not an option"),
            ("object_id", "'object_id' is not an option"),
        ],
    )
    def test_that_do_not_exist_are_explained_before_anything_is_done(
        self, contact, images, name, message, monkeypatch
    ):
        with storage_calls(monkeypatch) as calls, CaptureQueriesContext(connection) as queries:
            for verb in (contact.images.attach, contact.images.attach_or_update):
                for subject in (upload_of(photo()), images[0]):
                    with pytest.raises(TypeError, match=message):
                        verb(subject, **{name: "x"})
            with pytest.raises(TypeError, match=message):
                contact.images.update_relation(images[0], **{name: "x"})
        assert (calls, len(queries)) == ([], 0)


class TestUnsavedObjects:
    @pytest.mark.parametrize("model", [Contact, Product], ids=["integer key", "UUID"])
    @pytest.mark.parametrize(
        "write",
        [
            lambda images, image: images.attach(upload_of(photo())),
            lambda images, image: images.attach(image),
            lambda images, image: images.attach_many([image]),
            lambda images, image: images.sync([image]),
            lambda images, image: images.detach(image),
            lambda images, image: images.reorder([image]),
        ],
    )
    def test_are_told_to_be_saved_before_the_upload(self, acme, model, write, images, monkeypatch):
        obj = model(organization=acme, name="new")
        with decodes(monkeypatch) as done, pytest.raises(ValueError, match="before its images"):
            write(obj.images, images[0])
        assert done == []
        assert Image.objects.count() == 3

    def test_of_which_there_is_a_row_are_saved(self, contact, images):
        """As Django's documentation makes objects of a known key without a query."""
        Contact(pk=contact.pk, organization=contact.organization).images.attach(images[0])
        assert attached_to(contact) == images[:1]


@pytest.mark.parametrize(
    "write",
    [
        lambda images, other: images.attach(other),
        lambda images, other: images.attach_or_update(other),
        lambda images, other: images.set_cover(other),
        lambda images, other: images.attach_many([other]),
        lambda images, other: images.sync([other]),
        lambda images, other: images.reorder([other]),
        lambda images, other: images.update_relation(other, custom_title="x"),
        lambda images, other: images.detach(other),
    ],
)
def test_a_relation_is_no_image_even_if_an_image_has_its_key(write, contact, image):
    relation = contact.images.attach(image)
    relation.pk = image.pk  # as it may be by chance
    with pytest.raises(TypeError, match=r"^PolymorphicImageRelation is not an image. Pass its im"):
        write(contact.images, relation)
    with pytest.raises(TypeError, match=r"^Contact is not an image\.$"):
        write(contact.images, contact)
    assert [one.custom_title for one in contact.images.all()] == [""]
