from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models.joins.locking import lock_by_key, lock_relations
from tests.builders import fake_images
from tests.races.trials import on_a_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(acme) -> list[int]:
    return [Contact.objects.create(organization=acme, name="Ada").pk for _ in range(3)]


def test_what_is_there_is_told(three):
    Contact.objects.filter(pk=three[1]).delete()
    with transaction.atomic():
        assert lock_by_key(Contact.objects.all(), three) == {three[0], three[2]}


@on_a_server
@pytest.mark.parametrize("no_key", [False, True])
def test_rows_are_locked_in_the_order_of_their_keys(three, no_key):
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        lock_by_key(Contact.objects.order_by("name"), three[::-1], no_key=no_key)
    weaker = no_key and connection.vendor == "postgresql"
    order, _, lock = queries[0]["sql"].partition("ORDER BY ")[2].partition(" ASC ")
    assert order in ("1", '"contacts_contact"."id"', "`contacts_contact`.`id`")
    assert lock == ("FOR NO KEY UPDATE" if weaker else "FOR UPDATE")


def test_relations_are_found_first_and_locked_by_key_then(acme, contact):
    contact.images.attach_many(fake_images(acme, 3))
    keys = set(Relation.objects.values_list("pk", flat=True))
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        assert lock_relations(contact.images.all()) == keys
    found, *locked = (query["sql"] for query in queries)
    assert "FOR UPDATE" not in found
    assert len(locked) == (3 if connection.vendor == "mysql" else 1)  # which would read all of it
    assert not any("object_id" in sql for sql in locked)


def test_no_relations_cost_one_query(contact, django_assert_num_queries):
    relations = contact.images.all()
    list(relations)  # looks up the content type, which is cached then
    with transaction.atomic(), django_assert_num_queries(1):
        assert lock_relations(relations) == set()
