"""Eight Python callers change the images of one object, or delete what the others use."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import cycle, islice

import pytest
from django.db import connection

from contacts.models import Contact
from django_polyimages.errors import NotAttached
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import fake_images
from tests.races.trials import THREADS, Work, race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="threads share no SQLite database in memory"
    ),
]


@pytest.fixture
def begin(acme) -> Callable[..., tuple[Contact, list[Image]]]:
    """A new object and images, with nothing of the trial before."""

    def begin(images: int, *, attached: int = 0) -> tuple[Contact, list[Image]]:
        Relation.objects.all().delete()
        Image.objects.all().delete()
        Contact.objects.all().delete()
        contact = Contact.objects.create(organization=acme, name="Ada")
        made = fake_images(acme, images)
        rows = list(Image.objects.order_by("pk")) if made else []
        contact.images.attach_many(rows[:attached])
        return contact, rows

    return begin


def same(contact: Contact) -> Contact:
    """As another process has it."""
    return Contact.objects.get(pk=contact.pk)


def shared(*works: Work) -> Sequence[Work]:
    """These, again and again, for all threads."""
    return list(islice(cycle(works), THREADS))


def test_attaching_the_same_image(begin):
    def trial():
        contact, [image] = begin(1)
        return [lambda one=same(contact): one.images.attach_or_update(image)[1] for _ in range(8)]

    figures = race(
        "attach the same image",
        trial,
        check=lambda: [] if Relation.objects.count() == 1 else ["not attached once: "],
    )
    assert figures.is_clean, figures


def test_setting_the_cover(begin):
    def trial():
        contact, images = begin(8, attached=4)
        return [
            lambda one=same(contact), image=image: one.images.set_cover(image) for image in images
        ]

    figures = race(
        "set cover",
        trial,
        check=lambda: [] if Relation.objects.filter(is_cover=True).count() == 1 else ["no cover: "],
    )
    assert figures.is_clean, figures


def test_appending(begin):
    def trial():
        contact, images = begin(16)
        return [
            lambda one=same(contact), some=images[n::8]: one.images.attach_many(some)
            for n in range(8)
        ]

    figures = race(
        "append",
        trial,
        check=lambda: [] if Relation.objects.count() == 16 else ["not all attached: "],
    )
    assert figures.is_clean, figures


def test_reordering(begin):
    orders: list[list[int]] = []

    def trial():
        contact, images = begin(6, attached=6)
        chosen = [random.sample(images, 6) for _ in range(8)]
        orders[:] = [[image.pk for image in order] for order in chosen]
        return [
            lambda one=same(contact), order=order: one.images.reorder(order) for order in chosen
        ]

    def check():
        now = list(Relation.objects.order_by("order").values_list("image_id", flat=True))
        return [] if now in orders else ["an order that nobody asked for: "]

    figures = race("reorder against reorder", trial, check=check)
    assert figures.is_clean, figures


def test_syncing_beside_attaching(begin):
    def trial():
        contact, images = begin(8, attached=4)
        sync = [
            lambda one=same(contact), some=random.sample(images, 5): one.images.sync(some)
            for _ in range(4)
        ]
        attach = [
            lambda one=same(contact), image=image: one.images.attach(image, is_cover=True)
            for image in random.sample(images, 4)
        ]
        return [*sync, *attach]

    figures = race("sync against attach", trial)
    assert figures.is_clean, figures


def test_syncing_beside_the_deletion_of_an_image(begin):
    def trial():
        contact, images = begin(8, attached=4)
        sync = [
            lambda one=same(contact), some=random.sample(images, 6): one.images.sync(some)
            for _ in range(5)
        ]
        gone = random.sample(images, 5)
        return [
            *sync,
            gone[0].delete,
            lambda: Image.objects.filter(pk__in=[gone[1].pk, gone[2].pk]).delete(),
            lambda: Image.objects.filter(pk__in=[gone[3].pk, gone[4].pk]).delete(),
        ]

    figures = race("sync against deletion of an image", trial, expected=(Image.DoesNotExist,))
    assert figures.is_clean, figures


def test_deleting_an_image_beside_attaching_it(begin):
    def trial():
        contact, images = begin(3, attached=2)
        image = random.choice(images)
        return [
            image.delete,
            lambda: Image.objects.filter(pk=image.pk).delete(),
            *(
                lambda one=same(contact), cover=cover: one.images.attach(image, is_cover=cover)
                for cover in (True, False)
            ),
            lambda one=same(contact): one.images.attach_many(images),
            lambda one=same(contact): one.images.detach(images[0]),
            lambda one=same(contact): one.images.reorder(images[:1]),
            lambda one=same(contact): one.images.update_relation(images[1], custom_title="x"),
        ]

    figures = race(
        "delete image against attach", trial, expected=(Image.DoesNotExist, NotAttached)
    )
    assert figures.is_clean, figures


def test_deleting_an_object_beside_attaching_to_it(begin):
    ways = cycle(
        [
            lambda contact: contact.delete(),
            lambda contact: Contact.objects.filter(pk=contact.pk).delete(),
        ]
    )

    def trial():
        contact, images = begin(8, attached=4)
        delete = next(ways)
        return [
            lambda: delete(same(contact)),
            *(lambda one=same(contact), i=i: one.images.attach(i) for i in images[2:5]),
            lambda one=same(contact): one.images.set_cover(images[5]),
            lambda one=same(contact): one.images.sync(images[4:]),
            lambda one=same(contact): one.images.reorder([images[0]]),
            lambda one=same(contact): one.images.attach_many(images),
        ]

    figures = race(
        "delete object against attach", trial, expected=(Contact.DoesNotExist, NotAttached)
    )
    assert figures.is_clean, figures


def test_deleting_objects_and_images_that_share_relations(begin, acme):
    def trial():
        contact, images = begin(6, attached=6)
        others = [Contact.objects.create(organization=acme, name=f"{n}") for n in range(3)]
        for other in others:
            other.images.attach_many(random.sample(images, 6))
        keys = [one.pk for one in others]
        return [
            lambda one=same(contact): one.delete(),
            lambda: Contact.objects.filter(pk__in=keys[:2]).delete(),
            lambda: Contact.objects.filter(pk__in=keys[:2]).order_by("-pk").delete(),
            lambda: Image.objects.filter(pk__in=[one.pk for one in images[:4]]).delete(),
            images[4].delete,
            lambda one=same(contact): one.images.attach(images[5], is_cover=True),
            lambda one=same(others[2]): one.images.sync(images[::-1]),
            lambda one=same(others[1]): one.images.clear(),
        ]

    figures = race(
        "delete objects against images",
        trial,
        expected=(Contact.DoesNotExist, Image.DoesNotExist, ValueError),
    )
    assert figures.is_clean, figures


def test_deleting_an_organization_beside_attaching(begin, acme, other):
    def trial():
        contact, images = begin(4, attached=2)
        type(acme).objects.filter(slug="gone").delete()
        gone = type(acme).objects.create(name="Gone", slug="gone")
        Contact.objects.filter(pk=contact.pk).update(organization=gone)
        Image.objects.update(organization=gone)
        images = list(Image.objects.order_by("pk"))
        return [
            lambda: type(acme).objects.get(pk=gone.pk).delete(),
            *(lambda one=same(contact), i=i: one.images.attach(i, is_cover=True) for i in images),
            lambda one=same(contact): one.images.attach_many(images),
            lambda one=same(contact): one.images.sync(images),
            lambda one=same(contact): one.images.detach(images[0]),
        ]

    figures = race(
        "delete organization against attach",
        trial,
        expected=(Contact.DoesNotExist, Image.DoesNotExist),
    )
    assert figures.is_clean, figures
