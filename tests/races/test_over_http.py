"""Simultaneous requests that change one object; on SQLite, writers always wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import OperationalError, connection
from django.test import Client

from contacts.models import Contact
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.api.calls import four, patch, post, send, target
from tests.builders import fake_images
from tests.helpers import stored_keys

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="threads share no SQLite database in memory"
    ),
]
ROUNDS = range(10)


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all of them at the same time, each in a thread with its own connection."""
    gate, results = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = works[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def delete(contact: Contact) -> None:
    """Delete as a host does. The database may choose this as the victim of a deadlock."""
    with suppress(OperationalError):
        Contact.objects.get(pk=contact.pk).delete()


@pytest.fixture
def new_client(editor) -> Callable[[], Client]:
    def make() -> Client:
        client = Client()
        client.force_login(editor)
        return client

    return make


@pytest.mark.parametrize("round", ROUNDS)
def test_attaching_one_image_eight_times(new_client, acme, contact, round):
    [image] = fake_images(acme, 1)
    clients = [new_client() for _ in range(8)]
    answers = at_once(
        *(lambda client=client: post(client, "attach/", four(image, contact)) for client in clients)
    )
    assert [answer.status_code for answer in answers] == [200] * 8
    assert sum(answer.json()["created"] for answer in answers) == 1
    assert contact.images.count() == 1


@pytest.mark.parametrize("round", ROUNDS)
def test_eight_images_where_three_fit(new_client, acme, contact, settings, round):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 3}
    images = fake_images(acme, 8)
    clients = [new_client() for _ in images]
    answers = at_once(
        *(
            lambda client=client, image=image: post(client, "attach/", four(image, contact))
            for client, image in zip(clients, images, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [400] * 5
    assert contact.images.count() == 3


@pytest.mark.parametrize("round", ROUNDS)
def test_eight_covers(new_client, acme, contact, round):
    images = fake_images(acme, 8)
    contact.images.attach_many(images)
    clients = [new_client() for _ in images]
    answers = at_once(
        *(
            lambda client=client, image=image: patch(
                client, f"{target(contact)}{image.pk}/", {"is_cover": True}
            )
            for client, image in zip(clients, images, strict=True)
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 8
    assert contact.images.filter(is_cover=True).count() == 1


@pytest.mark.parametrize("round", ROUNDS)
def test_two_orders_end_in_one_of_them(new_client, acme, contact, round):
    images = fake_images(acme, 6)
    contact.images.attach_many(images)
    ids = [image.pk for image in images]
    orders = [ids[::-1], ids[3:] + ids[:3]]
    clients = [new_client() for _ in orders]
    answers = at_once(
        *(
            lambda client=client, order=order: post(
                client, f"{target(contact)}reorder/", {"image_ids": order}
            )
            for client, order in zip(clients, orders, strict=True)
        )
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [relation.image_id for relation in contact.images.all()] in orders


@pytest.mark.parametrize("round", ROUNDS)
def test_deleting_an_image_beside_attaching_it(new_client, acme, contact, round):
    [image] = fake_images(acme, 1)
    deleter, attacher, covering = new_client(), new_client(), new_client()
    path = f"images/{image.pk}/"
    answers = at_once(
        lambda: send(deleter, "DELETE", path, None),
        lambda: post(attacher, "attach/", four(image, contact)),
        lambda: post(covering, "attach/", four(image, contact, is_cover=True)),
    )
    assert answers[0].status_code == 204
    assert {answer.status_code for answer in answers[1:]} <= {200, 404}
    assert not Image.objects.exists()
    assert not Relation.objects.exists()


@pytest.mark.parametrize("round", ROUNDS)
def test_deleting_an_object_beside_attaching_to_it(new_client, acme, contact, round):
    [image] = fake_images(acme, 1)
    clients = [new_client() for _ in range(2)]
    answers = at_once(
        lambda: delete(contact),
        lambda: post(clients[0], "attach/", four(image, contact)),
        lambda: post(clients[1], "attach/", four(image, contact, is_cover=True)),
    )
    assert {answer.status_code for answer in answers[1:]} <= {200, 404}


@pytest.mark.parametrize("round", ROUNDS)
def test_detaching_beside_changing(new_client, acme, contact, round):
    [image] = fake_images(acme, 1)
    contact.images.attach(image)
    detacher, changer = new_client(), new_client()
    answers = at_once(
        lambda: post(detacher, "detach/", four(image, contact)),
        lambda: patch(changer, f"{target(contact)}{image.pk}/", {"custom_title": "x"}),
    )
    assert answers[0].status_code == 204
    assert answers[1].status_code in (200, 404)
    assert not Relation.objects.exists()


@pytest.mark.parametrize("round", ROUNDS)
def test_bulk_attach_twice_beside_bulk_delete(new_client, acme, contact, round):
    images = fake_images(acme, 20)
    ids = [image.pk for image in images]
    clients = [new_client() for _ in range(3)]
    answers = at_once(
        *(
            lambda client=client: post(client, f"{target(contact)}bulk_attach/", {"image_ids": ids})
            for client in clients[:2]
        ),
        lambda: post(clients[2], "bulk-delete/", {"ids": ids[:5]}),
    )
    assert {answer.status_code for answer in answers} <= {200, 204, 404}
    assert Relation.objects.filter(image__in=ids[:5]).count() == 0
    relations = list(Relation.objects.values_list("image_id", flat=True))
    assert len(relations) == len(set(relations))


def copies_of(image: Image, count: int) -> list[Image]:
    for _ in range(count):
        copy = Image.objects.get(pk=image.pk)
        copy.pk, copy._state.adding = None, True
        copy.save()
    return list(Image.objects.filter(file=image.file.name))


@pytest.mark.parametrize("round", ROUNDS)
@pytest.mark.parametrize("kept", [0, 1])
def test_files_go_with_the_last_of_four_copies_deleted_at_once(image, kept, round):
    rows = copies_of(image, 3)

    def one(row: Image) -> Callable[[], object]:
        return row.delete if row.pk % 2 else Image.objects.filter(pk=row.pk).delete

    at_once(*(one(row) for row in rows[kept:]))
    assert stored_keys() == (sorted(image.keys) if kept else [])
    assert FileDeletion.objects.count() == 0


@pytest.mark.parametrize("round", ROUNDS)
def test_a_copy_is_deleted_while_the_other_is_regenerated(image, round):
    [row, copy] = copies_of(image, 1)
    at_once(lambda: Image.objects.regenerate(row, everything=True), copy.delete)
    assert stored_keys() == sorted(Image.objects.get().keys)
