"""Deadlocks as databases make them: what is the victim of one is done again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, connections, transaction

from contacts.models import Contact
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models.deadlocks import again_after_deadlock
from tests.api.calls import patch
from tests.builders import fake_images

on_a_server = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite's writers wait for each other: no deadlocks"
)


class Deadlock(OperationalError):
    """As MySQL's driver raises it."""

    def __init__(self) -> None:
        super().__init__(1213, "Deadlock found when trying to get lock")


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
class TestAgain:
    def failing(self, times: int, error: Exception | None = None):
        """Work that fails so often, and counts how often it was done."""
        done: list[int] = []

        def work() -> int:
            done.append(1)
            if len(done) <= times:
                raise error or Deadlock()
            return len(done)

        return work, done

    @pytest.mark.parametrize("times", [0, 1, 3])
    def test_until_it_works(self, times):
        work, _done = self.failing(times)
        assert again_after_deadlock(work, using="default") == times + 1

    def test_not_for_ever(self):
        work, done = self.failing(99)
        with pytest.raises(Deadlock):
            again_after_deadlock(work, using="default")
        assert len(done) == 4

    def test_not_for_another_error(self):
        work, done = self.failing(1, OperationalError(1205, "Lock wait timeout exceeded"))
        with pytest.raises(OperationalError, match="1205"):
            again_after_deadlock(work, using="default")
        assert len(done) == 1

    def test_not_within_a_transaction_which_is_lost_as_a_whole(self):
        work, done = self.failing(1)
        with pytest.raises(Deadlock), transaction.atomic():
            again_after_deadlock(work, using="default")
        assert len(done) == 1

    def test_a_transaction_in_another_database_is_not_in_the_way(self):
        work, _done = self.failing(1)
        with transaction.atomic(using="other"):
            assert again_after_deadlock(work, using="default") == 2


@pytest.fixture
def attached(acme, contact) -> Image:
    """An image attached to the contact, beside others."""
    images = fake_images(acme, 20)
    contact.images.attach_many(images)
    return images[0]


@contextmanager
def rival(row: Image | Contact, using: str = "default") -> Iterator[None]:
    """A transaction that locks relations first and ``row`` then: the other way round than verbs.

    The victim is the other one: MariaDB spares who has written more, and on PostgreSQL, where who
    looks for a deadlock first is the victim, this one looks much later.
    """
    holding = threading.Event()
    errors = []

    def run() -> None:
        connections[using].connect()
        try:
            with transaction.atomic(using=using):
                if connections[using].vendor == "postgresql":
                    with connections[using].cursor() as cursor:
                        cursor.execute("SET LOCAL deadlock_timeout = '20s'")
                Relation.objects.using(using).update(custom_title="rival")
                holding.set()
                time.sleep(0.4)  # until the verb waits for a relation
                type(row).objects.using(using).select_for_update().get(pk=row.pk)
        except OperationalError as error:
            errors.append(error)
        finally:
            connections[using].close()

    thread = threading.Thread(target=run)
    thread.start()
    assert holding.wait(10)
    yield
    thread.join()
    assert not errors, "The rival was the victim, so this has tested nothing."


@pytest.fixture
def mirror() -> Iterator[str]:
    """Another alias of the same database, which pytest-django knows nothing of."""
    connections.databases["mirror"] = connection.settings_dict | {}
    connections["mirror"].connect()
    yield "mirror"
    connections["mirror"].close()
    del connections.databases["mirror"], connections["mirror"]


@on_a_server
@pytest.mark.django_db(transaction=True)
class TestVictims:
    @pytest.mark.parametrize(
        "verb",
        [
            lambda images, image: images.detach(image),
            lambda images, image: images.attach(image, custom_title="verb"),
            lambda images, image: images.set_cover(image),
            lambda images, image: images.sync([image]),
            lambda images, image: images.reorder([image]),
            lambda images, image: images.update_relation(image, order=3),
            lambda images, image: images.clear(),
            lambda images, image: images.remove(images.get(image=image)),
        ],
    )
    def test_a_verb_is_done_again(self, contact, attached, verb):
        with rival(contact):
            verb(contact.images, attached)
        assert set(contact.images.values_list("custom_title", flat=True)) <= {"rival", "verb"}

    @pytest.mark.parametrize(
        "delete",
        [
            lambda image: image.delete(),
            lambda image: Image.objects.filter(pk=image.pk).delete(),
        ],
    )
    def test_so_is_the_deletion_of_an_image(self, contact, attached, delete):
        with rival(attached):
            delete(attached)
        assert not Image.objects.filter(title="0").exists()
        assert contact.images.count() == 19

    def test_whatever_the_alias_of_the_database(self, contact, attached, mirror):
        there = Contact.objects.using(mirror).get(pk=contact.pk)
        with transaction.atomic(), rival(contact, mirror):
            assert there.images.detach(attached)

    def test_the_caller_s_own_transaction_ends(self, contact, attached):
        with rival(contact), pytest.raises(OperationalError), transaction.atomic():
            contact.images.detach(attached)
        assert contact.images.filter(image=attached).exists()


@pytest.mark.django_db(transaction=True)
class TestARowOfAnImage:
    """Its writes outside of a transaction are done again, too."""

    @pytest.fixture
    def one_deadlock(self, monkeypatch):
        real, calls = Image.save_base, []

        def save_base(self, *args, **options):
            calls.append(self)
            if len(calls) == 1:
                raise Deadlock
            return real(self, *args, **options)

        monkeypatch.setattr(Image, "save_base", save_base)
        return calls

    def test_is_saved(self, image, one_deadlock):
        image.title = "Gate"
        image.save()
        assert (len(one_deadlock), Image.objects.get().title) == (2, "Gate")

    def test_is_changed_over_http(self, client, image, one_deadlock):
        answer = patch(client, f"images/{image.pk}/", {"title": "Gate"})
        assert (answer.status_code, len(one_deadlock)) == (200, 2)
        assert Image.objects.get().title == "Gate"
