from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import OrganizationMismatch
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models import relation_owners
from organizations.models import Organization
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def to(obj, image, **fields) -> Relation:
    content_type = ContentType.objects.get_for_model(obj)
    return Relation(content_type=content_type, object_id=str(obj.pk), image=image, **fields)


@pytest.fixture
def own(acme):
    return fake_images(acme, 2)


@pytest.fixture
def foreign(other):
    return fake_images(other, 2)


@pytest.mark.parametrize("create", [Relation.objects.bulk_create,
                                    async_to_sync(Relation.objects.abulk_create)])  # fmt: skip
def test_none_is_inserted_if_an_image_is_of_another_organization(
    create, contact, product, own, foreign
):
    rows = [to(contact, own[0]), to(product, foreign[1]), to(contact, foreign[0])]
    with pytest.raises(OrganizationMismatch) as raised:
        create(row for row in rows)
    assert sorted(raised.value.image_ids) == sorted(image.pk for image in foreign)
    assert not Relation.objects.exists()
    create(to(contact, image) for image in own)
    assert contact.images.count() == 2


def test_they_are_refused_as_they_are_one_by_one(acme, contact, product, own, foreign, settings):
    """Whatever ``create()`` takes or refuses, in one list."""
    group, nothing = Group.objects.create(name="x"), ContentType.objects.create(app_label="x")
    gone = Contact(pk=10**6)
    rows = {
        "own": to(contact, own[0]),
        "foreign": to(contact, foreign[0]),
        "meant": to(contact, foreign[1], allow_foreign=True),
        "unknown organization": to(group, foreign[0]),
        "unknown object": to(gone, foreign[0]),
        "unknown model": Relation(content_type=nothing, object_id="1", image=foreign[0]),
        "no key": Relation(
            content_type=ContentType.objects.get_for_model(Product), object_id="x", image=own[0]
        ),
        "an id as text": to(product, None, image_id=str(foreign[0].pk)),
    }

    def is_refused(insert) -> bool:
        try:
            insert()
        except OrganizationMismatch:
            return True
        finally:
            Relation.objects.all().delete()
        return False

    one_by_one = {name: is_refused(row.save) for name, row in rows.items()}
    together = {
        name: is_refused(lambda row=row: Relation.objects.bulk_create([row]))
        for name, row in rows.items()
    }
    assert together == one_by_one
    assert [name for name, refused in together.items() if refused] == ["foreign", "an id as text"]


def test_the_organization_itself_may_be_the_object(acme, own, foreign, monkeypatch):
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    Relation.objects.bulk_create([to(acme, own[0])])
    with pytest.raises(OrganizationMismatch):
        Relation.objects.bulk_create([to(acme, foreign[0])])


def test_an_object_may_be_of_several_organizations(contact, own, foreign, monkeypatch):
    Relation.objects.bulk_create([to(contact, own[0]), to(contact, foreign[0], allow_foreign=True)])
    monkeypatch.setattr(Contact, "image_organization_path", "images__image__organization")
    Relation.objects.bulk_create([to(contact, own[1]), to(contact, foreign[1])])
    [third] = fake_images(Organization.objects.create(name="Third", slug="third"), 1)
    with pytest.raises(OrganizationMismatch):
        Relation.objects.bulk_create([to(contact, third)])


@pytest.mark.parametrize("path", ["nowhere", None])
def test_where_no_path_leads_to_an_organization_any_image_will_do(
    contact, foreign, monkeypatch, path
):
    monkeypatch.setattr(Contact, "image_organization_path", path)
    Relation.objects.bulk_create([to(contact, foreign[0])])


@pytest.mark.parametrize("column", ["image_id", "content_type_id"])
def test_what_does_not_exist_is_left_to_the_database(contact, foreign, column):
    row = to(contact, foreign[0])
    setattr(row, column, 10**6)
    with pytest.raises(IntegrityError), transaction.atomic():
        Relation.objects.bulk_create([row])
        connection.check_constraints()


def test_many_cost_two_queries_more_for_each_part(acme, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(relation_owners, "AT_ONCE", 2)
    [image] = fake_images(acme, 1)
    contacts = [Contact.objects.create(organization=acme, name=f"{n}") for n in range(4)]
    rows = [to(contact, image) for contact in contacts]
    with django_assert_num_queries(1 + 2 * 2):
        Relation.objects.bulk_create(rows)


def test_a_database_may_be_named(contact, foreign):
    with pytest.raises(OrganizationMismatch):
        Relation.objects.db_manager("default").bulk_create([to(contact, foreign[0])])
