"""The ways to write what is attached: the verbs, and what becomes of Django's own."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import (
    Image,
    ImageAttachable,
    ImageManager,
    ImageQuerySet,
    ImageRelationManager,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(acme) -> list[Image]:
    return fake_images(acme, 3)


def attached_to(obj) -> list[Image]:
    return [relation.image for relation in type(obj).objects.get(pk=obj.pk).images.all()]


def tables(queries) -> list[str]:
    return [query["sql"].split(" FROM ")[1].split()[0].strip('`"') for query in queries]


class TestWaysOfDjango:
    @pytest.mark.parametrize(
        ("method", "arguments", "verb"),
        [
            ("add", [None], "attach"),
            ("set", [[]], "sync"),
            ("create", [], "attach"),
            ("get_or_create", [], "attach_or_update"),
            ("update_or_create", [], "attach_or_update"),
            ("bulk_create", [[]], "attach_many"),
        ],
    )
    def test_that_attach_name_the_verb_to_use(self, contact, method, arguments, verb):
        message = rf"images\.{method}\(\) is not supported: use images\.{verb}\("
        with pytest.raises(TypeError, match=message):
            getattr(contact.images, method)(*arguments)
        asynchronous = getattr(contact.images, f"a{method}")
        with pytest.raises(TypeError, match=r"is not supported: use images\."):
            asyncio.run(asynchronous(*arguments))

    def test_hint_at_the_verb_also_behind_another_manager(self, contact):
        with pytest.raises(TypeError, match=r"use images\.attach"):
            contact.images(manager="objects").create()

    def test_that_detach_leave_the_images_of_others(self, contact, product, images):
        for obj in (contact, product):
            obj.images.sync(images)
        contact.images.remove(contact.images.get(image=images[0]), product.images.first())
        assert (attached_to(contact), attached_to(product)) == (images[1:], images)
        contact.images.clear()
        assert (attached_to(contact), attached_to(product)) == ([], images)
        product.images.clear(bulk=False)
        assert attached_to(product) == []
        assert Image.objects.count() == 3

    def test_lock_the_object_first(self, contact, images):
        contact.images.sync(images)
        for write in (
            partial(contact.images.remove, *contact.images.filter(image=images[0])),
            contact.images.clear,
        ):
            with CaptureQueriesContext(connection) as queries:
                write()
            reads = [one for one in queries if one["sql"].startswith("SELECT")]
            assert tables(reads)[0] == Contact._meta.db_table

    def test_take_no_image_for_a_relation_of_the_same_key(self, contact, images):
        contact.images.attach_many(images)
        with pytest.raises(TypeError, match="takes relations, not <Image: 0>: see detach"):
            contact.images.remove(images[0])
        assert len(attached_to(contact)) == 3

    def test_know_that_the_object_is_gone(self, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        for write in (contact.images.clear, partial(contact.images.remove, Relation())):
            with pytest.raises(Contact.DoesNotExist):
                write()

    @pytest.mark.parametrize("method", ["clear", "remove", "create", "add", "set", "bulk_create"])
    def test_are_not_called_by_templates(self, contact, images, method):
        contact.images.attach_many(images)
        template = Template("{{ contact.images." + method + " }}")
        shown = template.render(Context({"contact": contact}))
        assert shown == ""
        assert len(attached_to(contact)) == 3

    def test_of_the_relation_model_itself_are_not_touched(self, contact, images):
        Relation.objects.create(content_object=contact, image=images[0])
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(content_object=contact, image=images[0])
        assert attached_to(contact) == images[:1]


class TestDeletedMeanwhile:
    @pytest.fixture
    def gone(self, acme) -> Image:
        [image] = fake_images(acme, 1)
        Image.objects.filter(pk=image.pk).delete()
        return image

    @pytest.mark.parametrize(
        "verb",
        [
            lambda images, gone, _there: images.attach(gone),
            lambda images, gone, _there: images.attach_or_update(gone, order=1),
            lambda images, gone, _there: images.set_cover(gone),
            lambda images, gone, there: images.attach_many([there, gone]),
            lambda images, gone, there: images.sync([there, gone]),
        ],
    )
    def test_an_image_is_named_and_nothing_attached(self, contact, images, gone, verb):
        contact.images.attach(images[1], is_cover=True)
        message = rf"Deleted, or never saved: polyimages\.Image {gone.pk}\."
        with transaction.atomic():
            with pytest.raises(Image.DoesNotExist, match=message):
                verb(contact.images, gone, images[0])
            Product.objects.create(organization=contact.organization, name="goes on")
        assert attached_to(contact) == [images[1]]
        assert contact.images.cover().image == images[1]

    def test_an_image_that_was_never_saved(self, contact, acme):
        with pytest.raises(Image.DoesNotExist, match="never saved"):
            contact.images.attach(Image(organization=acme))

    def test_the_image_is_locked_before_the_object(self, contact, images):
        with CaptureQueriesContext(connection) as queries:
            contact.images.set_cover(images[0])
        reads = [one for one in queries if one["sql"].startswith("SELECT")]
        models = [Image, Contact, Relation]
        assert tables(reads) == [model._meta.db_table for model in models]


def test_the_same_image_twice_is_attached_once(contact, images):
    assert contact.images.attach_many([images[0], images[0]]) == images[:1]
    assert attached_to(contact) == images[:1]


def test_a_generator_will_do(contact, images):
    contact.images.sync(image for image in images)
    contact.images.reorder(image for image in images[::-1])
    assert attached_to(contact) == images[::-1]
    assert contact.images.detach_many(image.pk for image in images[1:]) != []
    assert attached_to(contact) == images[:1]


def test_what_is_in_its_place_is_not_written_again(contact, images):
    contact.images.sync(images)
    with CaptureQueriesContext(connection) as queries:
        contact.images.reorder(images)
    assert not [one for one in queries if one["sql"].startswith("UPDATE")]


def test_types_can_be_named_at_run_time():
    assert ImageRelationManager["Use"] is ImageRelationManager
    assert ImageAttachable["Use"] is ImageAttachable
    assert (ImageManager["Photo"], ImageQuerySet["Photo"]) == (ImageManager, ImageQuerySet)
    assert ImageAttachable.__bases__[0].__name__ == "Model"
