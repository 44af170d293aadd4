"""Eight Python callers change the images of one object, or delete what the others use."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from contacts.models import Contact
from django_polyimages.errors import NotAttached
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.races.auditor import rows
from tests.races.trials import Work, on_a_server, race

pytestmark = [pytest.mark.django_db(transaction=True), on_a_server]


def same(contact: Contact) -> Contact:
    """As another process has it."""
    return Contact.objects.get(pk=contact.pk)


def on(contact: Contact, work: Callable[..., object], *arguments: Any) -> Work:
    """Do ``work`` on ``contact.images`` as another process does."""
    one = same(contact)
    return lambda: work(one.images, *arguments)


def attach(its, image):
    return its.attach(image)


def cover(its, image):
    return its.set_cover(image)


def attach_many(its, images):
    return its.attach_many(images)


def sync(its, images):
    return its.sync(images)


def reorder(its, images):
    return its.reorder(images)


def deletion(images: list[Image]) -> Work:
    """One statement for several images, as in the admin."""
    keys = [image.pk for image in images]
    return lambda: Image.objects.filter(pk__in=keys).delete()


def expect(sql: str, number: int) -> Callable[[], list[str]]:
    """Check the number of such relations after a trial."""

    def check() -> list[str]:
        [(found,)] = rows(f"SELECT COUNT(*) FROM polyimages_polymorphicimagerelation {sql}")
        return [] if found == number else [f"{found} relations instead of {number}"]

    return check


def test_attaching_the_same_image(begin):
    def trial():
        contact, [image] = begin(1)
        return [on(contact, attach, image) for _ in range(8)]

    assert race("attach the same image", trial, check=expect("", 1)).is_clean


def test_setting_the_cover(begin):
    def trial():
        contact, images = begin(8, attached=4)
        return [on(contact, cover, image) for image in images]

    assert race("set cover", trial, check=expect("WHERE is_cover", 1)).is_clean


def test_appending(begin):
    def trial():
        contact, images = begin(16)
        return [on(contact, attach_many, images[number::8]) for number in range(8)]

    assert race("append", trial, check=expect("", 16)).is_clean


def test_reordering(begin):
    orders: list[list[int]] = []

    def trial():
        contact, images = begin(6, attached=6)
        chosen = [random.sample(images, 6) for _ in range(8)]
        orders[:] = [[image.pk for image in order] for order in chosen]
        return [on(contact, reorder, order) for order in chosen]

    def check():
        now = list(Relation.objects.order_by("order").values_list("image_id", flat=True))
        return [] if now in orders else ["an order that nobody asked for"]

    assert race("reorder against reorder", trial, check=check).is_clean


def test_syncing_beside_attaching(begin):
    def trial():
        contact, images = begin(8, attached=4)
        return [
            *(on(contact, sync, random.sample(images, 5)) for _ in range(4)),
            *(on(contact, cover, image) for image in random.sample(images, 4)),
        ]

    assert race("sync against attach", trial).is_clean


def test_syncing_beside_the_deletion_of_images(begin):
    def trial():
        contact, images = begin(8, attached=4)
        gone = random.sample(images, 5)
        return [
            *(on(contact, sync, random.sample(images, 6)) for _ in range(5)),
            gone[0].delete,
            deletion(gone[1:3]),
            deletion(gone[3:]),
        ]

    figures = race("sync against deletion of images", trial, expected=(Image.DoesNotExist,))
    assert figures.is_clean


def test_deleting_an_image_beside_attaching_it(begin):
    def trial():
        contact, images = begin(3, attached=2)
        image = random.choice(images)
        return [
            Image.objects.get(pk=image.pk).delete,
            deletion([image]),
            on(contact, attach, image),
            on(contact, cover, image),
            on(contact, attach_many, images),
            on(contact, lambda its: its.detach(images[0])),
            on(contact, reorder, images[:1]),
            on(contact, lambda its: its.update_relation(images[1], custom_title="x")),
        ]

    expected = (Image.DoesNotExist, NotAttached)
    assert race("delete image against attach", trial, expected=expected).is_clean


def test_deleting_an_object_beside_attaching_to_it(begin):
    ways = cycle([lambda one: one.delete, lambda one: Contact.objects.filter(pk=one.pk).delete])

    def trial():
        contact, images = begin(8, attached=4)
        return [
            next(ways)(same(contact)),
            *(on(contact, attach, image) for image in images[2:5]),
            on(contact, cover, images[5]),
            on(contact, sync, images[4:]),
            on(contact, reorder, images[:1]),
            on(contact, attach_many, images),
        ]

    expected = (Contact.DoesNotExist, NotAttached)
    figures = race("delete object against attach", trial, expected=expected, check=expect("", 0))
    assert figures.is_clean


def test_deleting_objects_and_images_that_share_relations(begin, acme):
    def trial():
        contact, images = begin(6, attached=6)
        others = [Contact.objects.create(organization=acme, name=f"{n}") for n in range(3)]
        for other in others:
            other.images.attach_many(random.sample(images, 6))
        two = [other.pk for other in others[:2]]
        return [
            same(contact).delete,
            lambda: Contact.objects.filter(pk__in=two).delete(),
            lambda: Contact.objects.filter(pk__in=two).order_by("-pk").delete(),
            deletion(images[:4]),
            images[4].delete,
            on(contact, cover, images[5]),
            on(others[2], sync, images[::-1]),
            on(others[1], lambda its: its.clear()),
        ]

    expected = (Contact.DoesNotExist, Image.DoesNotExist)
    assert race("delete objects against images", trial, expected=expected).is_clean


def test_deleting_an_organization_beside_attaching(begin, acme):
    def trial():
        contact, images = begin(4, attached=2)
        organizations = type(acme).objects
        gone = organizations.create(name="Gone", slug=f"gone-{contact.pk}")
        Contact.objects.update(organization=gone)
        Image.objects.update(organization=gone)
        images = list(Image.objects.order_by("pk"))
        return [
            organizations.get(pk=gone.pk).delete,
            *(on(contact, cover, image) for image in images),
            on(contact, attach_many, images),
            on(contact, sync, images),
            on(contact, lambda its: its.detach(images[0])),
        ]

    expected = (Contact.DoesNotExist, Image.DoesNotExist)
    figures = race(
        "delete organization against attach", trial, expected=expected, check=expect("", 0)
    )
    assert figures.is_clean
