from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, models
from django.test.utils import isolate_apps

from contacts.models import Contact
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models.joins import metadata
from organizations.models import Organization

pytestmark = pytest.mark.django_db


@isolate_apps("contacts")
def test_the_field_that_holds_the_key_is_found_behind_parents_and_one_to_ones():
    class Customer(Contact):
        class Meta:
            app_label = "contacts"

    class Badge(models.Model):
        customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True)

        class Meta:
            app_label = "contacts"

    key = Contact._meta.get_field("id")
    for model in (Contact, Customer, Badge):
        assert metadata.key_field_of(model) is key


@isolate_apps("contacts")
def test_the_tables_above_a_child_are_its_parents():
    class Customer(Contact):
        class Meta:
            app_label = "contacts"

    class Regular(Customer):
        class Meta:
            app_label = "contacts"

    class Proxy(Regular):
        class Meta:
            app_label = "contacts"
            proxy = True

    assert metadata.tables_above(Contact) == metadata.tables_above(Proxy) == []
    assert metadata.tables_above(Regular) == [Customer]
    assert metadata.tables_above(Customer) == [Contact]


@isolate_apps("contacts")
def test_a_proxy_has_the_table_of_its_model_and_a_child_one_of_its_own():
    class Friend(Contact):
        class Meta:
            app_label = "contacts"
            proxy = True

    class Customer(Contact):
        class Meta:
            app_label = "contacts"

    assert metadata.is_same_table(Friend, Contact)
    assert not metadata.is_same_table(Customer, Contact)


def test_related_names():
    assert metadata.related_name_of(Relation._meta.get_field("image")) == "relations"
    assert metadata.related_name_of(Contact._meta.get_field("organization")) is None


@isolate_apps("contacts")
def test_the_table_between_two_models_is_djangos_unless_one_was_named():
    class Club(models.Model):
        groups = models.ManyToManyField(Group, related_name="+")
        organizations = models.ManyToManyField(
            Organization, through="contacts.Place", related_name="+"
        )

        class Meta:
            app_label = "contacts"

    class Place(models.Model):
        club = models.ForeignKey(Club, models.CASCADE, related_name="+")
        organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")

        class Meta:
            app_label = "contacts"

    assert metadata.has_table_of_its_own(User._meta.get_field("groups"))
    assert metadata.has_table_of_its_own(Club._meta.get_field("groups"))
    assert not metadata.has_table_of_its_own(Club._meta.get_field("organizations"))


def test_a_slice_is_told_from_a_filter():
    assert metadata.is_sliced(Image.objects.all()[:3])
    assert not metadata.is_sliced(Image.objects.filter(pk=3))


@pytest.mark.skipif(not connection.features.has_select_for_update, reason="no row locks")
def test_a_database_with_row_locks_is_known_and_what_it_can_lock():
    assert metadata.locks_rows("default")
    assert not metadata.locks_rows("other")
    assert metadata.can_lock_without_key("default") is (connection.vendor == "postgresql")


def test_rows_are_written_where_the_manager_was_told_to_or_the_router_says(settings):
    assert metadata.database_for_writing(Image.objects.using("other")) == "other"
    assert metadata.database_for_writing(Image.objects.all()) == "default"
    settings.DATABASE_ROUTERS = ["tests.models.joins.test_metadata.WriteElsewhere"]
    assert metadata.database_for_writing(Image.objects.all()) == "other"
    assert metadata.database_for_writing(Image.objects.using("default")) == "default"


class WriteElsewhere:
    """A router with another database for writing."""

    def db_for_write(self, model, **hints) -> str:
        return "other"


def test_what_refers_to_a_model_by_a_table_of_its_own():
    assert metadata.dependents_of(Relation) == []
    assert Relation._meta.get_field("image") in metadata.dependents_of(Image)
    referring = {field.model for field in metadata.dependents_of(Group)}
    assert User.groups.through not in referring
