from __future__ import annotations

import asyncio
from functools import partial

import pytest
from django.contrib.contenttypes.fields import create_generic_related_manager
from django.db import IntegrityError, connection, transaction
from django.db.models import Manager
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from django_polyimages.models import (
    Image,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import attached_to
from tests.helpers import tables_read

pytestmark = pytest.mark.django_db


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
            assert tables_read(reads)[0] == Contact._meta.db_table

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

    def test_what_a_manager_knows_of_its_object_is_what_django_s_does(self, contact):
        of_django = create_generic_related_manager(Manager, Contact.images.rel)(contact)
        differs = {"core_filters", "creation_counter", "get_content_type", "_constructor_args"}
        for name in vars(of_django).keys() - differs:
            assert getattr(contact.images, name) == getattr(of_django, name)
        assert contact.images.get_content_type(contact) == of_django.content_type
        assert of_django.core_filters.keys() == {"content_type__pk", "object_id"}

    def test_of_the_relation_model_itself_are_not_touched(self, contact, images):
        Relation.objects.create(content_object=contact, image=images[0])
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(content_object=contact, image=images[0])
        assert attached_to(contact) == images[:1]
