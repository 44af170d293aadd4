"""The auditor of the races finds what they look for."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from contacts.models import Contact
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import fake_images, uploaded
from tests.races import auditor

pytestmark = pytest.mark.django_db


def kinds(found: list[str]) -> set[str]:
    return {one.partition(":")[0] for one in found}


def test_nothing_is_wrong(acme, contact, product, files):
    image = uploaded(acme)
    contact.images.sync([image, *fake_images(acme, 2)])
    product.images.set_cover(image)
    assert auditor.faults() == []


def test_a_relation_to_nothing(acme, contact, product):
    for one in (contact, product):
        one.images.attach_many(fake_images(acme, 1))
        auditor.rows(f"DELETE FROM {one._meta.db_table}")
    assert kinds(auditor.faults()) == {"relation to no object"}
    assert len(auditor.faults()) == 2


def test_two_relations_with_one_place(acme, contact):
    contact.images.sync(fake_images(acme, 2))
    auditor.rows(f"UPDATE {auditor.RELATIONS} SET {connection.ops.quote_name('order')} = 7")
    assert kinds(auditor.faults()) == {"two places the same"}


@pytest.mark.skipif(connection.vendor != "mysql", reason="others have a constraint")
def test_two_covers(acme, contact):
    contact.images.attach_many(fake_images(acme, 2))
    Relation.objects.update(is_cover=True)
    assert kinds(auditor.faults()) == {"two covers"}


def test_an_image_attached_twice_or_gone(acme, contact, monkeypatch):
    """No database lets this happen, so these are rows of a table without constraints."""
    auditor.rows(f"CREATE TEMPORARY TABLE loose AS SELECT * FROM {auditor.RELATIONS} WHERE 1 = 0")
    monkeypatch.setattr(auditor, "RELATIONS", "loose")
    kind = ContentType.objects.get_for_model(Contact).pk
    columns = "id, image_id, content_type_id, object_id, is_cover, custom_title, custom_alt_text"
    for number in (1, 2):
        auditor.rows(
            f"INSERT INTO loose ({columns}, custom_description) VALUES "
            f"({number}, 1000000, {kind}, '{contact.pk}', (1 = 0), '', '', '')"
        )
    assert kinds(auditor.faults()) == {"attached twice", "relation to no image"}


def test_files(acme, files):
    image = uploaded(acme)
    assert auditor.faults_of_files() == []
    thumb = image.versions["thumb"].key
    files.save("images/left_over.jpg", files.open(thumb))
    files.delete(thumb)
    auditor.rows(f"UPDATE {auditor.IMAGES} SET status = 'pending'")
    expected = {"file missing", "file without a row", "not ready"}
    assert kinds(auditor.faults_of_files()) == expected
