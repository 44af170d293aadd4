from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Manager

from contacts.models import Contact
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.operations.audit import relations
from tests.builders import uploaded

pytestmark = pytest.mark.django_db(databases=["default", "other"])


@pytest.fixture
def dangling(contact, image) -> Relation:
    relation = contact.images.attach(image)
    Contact.objects.filter(pk=contact.pk)._raw_delete("default")
    return relation


def test_a_relation_to_an_object_that_is_gone_is_deleted(dangling, image, found):
    [one] = found()
    assert (one.kind, one.id, one.fixed) == ("dangling_relation", str(dangling.pk), False)
    assert one.detail == f"contacts.contact {dangling.object_id} does not exist"
    assert [one.fixed for one in found(fix=True)] == [True]
    assert not Relation.objects.exists()
    assert Image.objects.get() == image
    assert found(fix=True) == []


def test_a_relation_to_an_object_is_left_alone(contact, image, found):
    contact.images.attach(image)
    assert found(fix=True) == []
    assert Relation.objects.count() == 1


def test_an_object_that_its_managers_hide_is_there(contact, image, found, monkeypatch):
    contact.images.attach(image)

    class Trash(Manager):
        def get_queryset(self):
            return super().get_queryset().none()

    hidden = Trash()
    hidden.model = Contact
    monkeypatch.setattr(Contact._meta, "base_manager", hidden)
    assert not Contact._base_manager.exists()
    assert found(fix=True) == []
    assert Relation.objects.count() == 1


def test_a_relation_to_a_model_that_is_gone_is_named_and_kept(dangling, found):
    gone = ContentType.objects.create(app_label="gone", model="thing")
    Relation.objects.update(content_type=gone)
    [one] = found(fix=True)
    assert (one.kind, one.fixed) == ("dangling_relation", False)
    assert "remove_stale_contenttypes" in one.detail
    assert Relation.objects.count() == 1


def test_an_id_in_another_spelling_is_named_and_kept(contact, image, found):
    contact.images.attach(image)
    Relation.objects.update(object_id=f"0{contact.pk}")
    [one] = found(fix=True)
    assert (one.kind, one.fixed) == ("dangling_relation", False)
    assert Relation.objects.count() == 1


def test_an_object_that_is_there_when_it_is_looked_at_again_is_no_finding(
    dangling, contact, found, monkeypatch
):
    real = relations._is_dangling

    def created(*arguments, **options):
        contact.save(force_insert=True)
        return real(*arguments, **options)

    monkeypatch.setattr(relations, "_is_dangling", created)
    assert found(fix=True) == []
    assert Relation.objects.count() == 1


def test_a_relation_that_is_gone_meanwhile_is_no_finding(dangling, found, monkeypatch):
    real = relations._is_dangling

    def detached(*arguments, **options):
        Relation.objects.all().delete()
        return real(*arguments, **options)

    monkeypatch.setattr(relations, "_is_dangling", detached)
    assert found(fix=True) == []


def test_the_cover_that_is_shown_is_kept(contact, acme, found):
    if connection.vendor != "mysql":
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX polyimages_polymorphicimagerelation_cover")
    _first, second, third = (contact.images.attach(uploaded(acme)) for _ in range(3))
    Relation.objects.filter(pk__in=[second.pk, third.pk]).update(is_cover=True)
    shown = contact.images.cover()
    assert shown.pk == second.pk
    [one] = found()
    assert (one.kind, one.id, one.fixed) == ("two_covers", str(third.pk), False)
    assert [one.fixed for one in found(fix=True)] == [True]
    assert list(Relation.objects.filter(is_cover=True)) == [second]
    assert found(fix=True) == []
