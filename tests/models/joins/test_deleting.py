from __future__ import annotations

import pytest
from django.contrib.admin.utils import NestedObjects
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models.joins import deleting
from tests.builders import fake_images, images_of
from tests.races.trials import on_a_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(acme, contact) -> list[Image]:
    images = fake_images(acme, 3)
    contact.images.attach_many(images)
    return images


def steps(queries: CaptureQueriesContext) -> list[str]:
    """What is locked and deleted, by table: ``lock contacts_contact``."""
    found = []
    for sql in (query["sql"].replace("`", "").replace('"', "") for query in queries):
        table = sql.partition(" FROM ")[2] or sql.removeprefix("DELETE FROM ")
        if "FOR UPDATE" in sql:
            found.append(f"lock {table.split()[0]}")
        elif sql.startswith("DELETE"):
            found.append(f"delete {sql.removeprefix('DELETE FROM ').split()[0]}")
    return list(dict.fromkeys(found))


CONTACT, IMAGE, RELATION = "contacts_contact", Image._meta.db_table, Relation._meta.db_table


@on_a_server
class TestOrder:
    @pytest.mark.parametrize(
        "delete",
        [
            lambda contact: contact.delete(),
            lambda contact: Contact.objects.filter(pk=contact.pk).delete(),
        ],
    )
    def test_of_an_object_s_deletion(self, contact, images, delete):
        with CaptureQueriesContext(connection) as queries:
            delete(contact)
        assert steps(queries) == [
            f"lock {CONTACT}",
            f"lock {RELATION}",
            f"delete {RELATION}",
            f"delete {CONTACT}",
        ]

    def test_of_an_image_s_deletion(self, contact, images):
        with CaptureQueriesContext(connection) as queries:
            images[0].delete()
        assert steps(queries)[:4] == [
            f"lock {IMAGE}",
            f"lock {RELATION}",
            f"delete {RELATION}",
            f"delete {IMAGE}",
        ]

    def test_of_an_organization_s_deletion(self, acme, images):
        """Django announces the deletion of either first."""
        with CaptureQueriesContext(connection) as queries:
            acme.delete()
        assert steps(queries)[:2] == [f"lock {CONTACT}", f"lock {IMAGE}"]

    def test_many_objects_are_locked_by_one_query(self, acme):
        for name in "abcde":
            Contact.objects.create(organization=acme, name=name)
        with CaptureQueriesContext(connection) as queries:
            Contact.objects.all().delete()
        assert sum("FOR UPDATE" in query["sql"] for query in queries) == 1


def test_what_is_attached_without_a_lock_until_the_object_is_gone_goes_too(contact, images, acme):
    other = Contact.objects.create(organization=acme, name="Bob")
    other.images.attach(images[0])
    late = fake_images(acme, 1)[0]
    content_type = ContentType.objects.get_for_model(Contact)

    def attach_before(execute, sql, *rest):
        if sql.startswith("DELETE") and f"FROM {connection.ops.quote_name(CONTACT)}" in sql:
            Relation.objects.bulk_create(
                [Relation(image=late, content_type=content_type, object_id=str(contact.pk))]
            )
        return execute(sql, *rest)

    with connection.execute_wrapper(attach_before):
        contact.delete()
    assert [one.content_object for one in Relation.objects.all()] == [other]


def test_signals_of_relations_are_sent_once_each(contact, images):
    sent = []

    def receive(*, instance, **kwargs):
        sent.append(instance.image_id)

    pre_delete.connect(receive, sender=Relation)
    try:
        contact.delete()
    finally:
        pre_delete.disconnect(receive, sender=Relation)
    assert sorted(sent) == [image.pk for image in images]
    assert not Relation.objects.exists()


def test_what_was_collected_to_be_shown_is_forgotten(contact, images):
    preview = NestedObjects(using="default")
    preview.collect([contact])
    assert len(deleting._announced.deletions) == 1
    vars(contact).pop(deleting._DELETION)
    del preview
    images[0].delete()
    assert not deleting._announced.deletions
    assert images_of(contact) == images[1:]


def test_what_an_earlier_request_collected_to_be_shown_is_not_locked(contact, images, client):
    preview = NestedObjects(using="default")
    preview.collect([contact])  # still held, as by a cycle that is not collected yet
    client.get("/")
    assert not deleting._announced.deletions


@pytest.mark.parametrize(
    "delete",
    [
        lambda contact: contact.delete(),
        lambda contact: Contact.objects.filter(pk=contact.pk).delete(),
        lambda contact: contact.organization.delete(),
        lambda contact: Image.objects.all().delete(),
    ],
    ids=["object", "queryset", "organization", "images"],
)
def test_relations_are_deleted_by_key_where_rows_are_locked(contact, images, delete, monkeypatch):
    """As on servers, on every database."""
    monkeypatch.setattr(deleting, "locks_rows", lambda using: True)
    delete(contact)
    assert not Relation.objects.exists()
