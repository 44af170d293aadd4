from __future__ import annotations

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from contacts.models import Contact
from django_polyimages import get_relation_model
from django_polyimages.checks import hosts
from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.models.attachable import is_attachable
from django_polyimages.models.joins.images_field import ImagesField
from organizations.models import Organization

# Some of Django's own checks query the version of each database.
pytestmark = pytest.mark.django_db(databases="__all__")


def complaints() -> list[tuple[str, object]]:
    return [(one.id, one.obj) for one in run_checks() if one.id.startswith("polyimages.")]


@pytest.fixture
def with_models(monkeypatch):
    """Make the checks see only these models."""
    return lambda *found: monkeypatch.setattr(hosts.apps, "get_models", lambda: list(found))


def test_a_model_without_a_path_is_named(monkeypatch):
    monkeypatch.setattr(Contact, "image_organization_path", None)
    assert complaints() == [("polyimages.W001", Contact)]


@isolate_apps("contacts", "django.contrib.contenttypes")
def test_a_model_with_a_field_of_another_name_needs_a_path_as_well(with_models):
    class Parcel(models.Model):
        photos = ImagesField(get_relation_model())

        class Meta:
            app_label = "contacts"

    with_models(Parcel)
    assert [(one.id, one.obj) for one in hosts.check_organization_paths()] == [
        ("polyimages.W001", Parcel)
    ]


@pytest.mark.parametrize(
    "path", ["company", "name", "organization__name", "", "organization__x", "name__x"]
)
def test_a_path_that_leads_nowhere_is_an_error(monkeypatch, path):
    monkeypatch.setattr(Contact, "image_organization_path", path)
    [message] = [one for one in run_checks() if one.id == "polyimages.E001"]
    assert message.msg == (
        f"contacts.Contact.image_organization_path is {path!r}, a path that does not exist."
    )
    assert "organizations.Organization" in message.hint


def test_a_path_to_something_else_is_an_error(monkeypatch):
    monkeypatch.setattr(Contact, "image_organization_path", "pk")
    [message] = [one for one in run_checks() if one.id == "polyimages.E001"]
    assert "which leads to contacts.Contact" in message.msg


@isolate_apps("contacts", "django.contrib.contenttypes")
def test_a_child_with_a_table_of_its_own_shares_no_images(with_models):
    class Customer(Contact):
        class Meta:
            app_label = "contacts"

    with_models(Contact, Customer)
    [message] = hosts.check_inherited_images()
    assert (message.id, message.obj) == ("polyimages.W002", Customer)
    assert not is_attachable(Customer, get_relation_model())
    assert is_attachable(Contact, get_relation_model())


@isolate_apps("contacts", "django.contrib.contenttypes")
def test_a_proxy_is_the_model_itself(with_models):
    class Customer(Contact):
        class Meta:
            app_label = "contacts"
            proxy = True

    with_models(Contact, Customer)
    assert hosts.check_inherited_images() == []


def test_a_long_path_and_the_organization_itself_are_fine(monkeypatch):
    monkeypatch.setattr(
        Contact, "image_organization_path", "organization__memberships__organization"
    )
    assert complaints() == []
    monkeypatch.setattr(Contact, "image_organization_path", "organization")
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    assert complaints() == []


KEYS = {
    "BigAutoField": (models.BigAutoField(primary_key=True), None),
    "UUIDField": (models.UUIDField(primary_key=True), None),
    "a short CharField": (models.CharField(primary_key=True, max_length=255), None),
    "a long CharField": (
        models.CharField(primary_key=True, max_length=256),
        "may have 256 characters",
    ),
    "an endless CharField": (
        models.CharField(primary_key=True),
        "may have any number of characters",
    ),
    "TextField": (
        models.TextField(primary_key=True),
        "is a TextField, which has no maximum length",
    ),
}


@pytest.mark.parametrize("case", KEYS)
@isolate_apps("contacts", "django.contrib.contenttypes")
def test_a_key_has_to_fit_into_object_id(with_models, case):
    key, problem = KEYS[case]

    class Parcel(models.Model):
        code = key.clone()
        images = ImagesField(get_relation_model())

        class Meta:
            app_label = "contacts"

    class Stamp(models.Model):
        parcel = models.OneToOneField(Parcel, models.CASCADE, primary_key=True, related_name="+")
        images = ImagesField(get_relation_model())

        class Meta:
            app_label = "contacts"

    with_models(Parcel, Stamp)
    found = {(one.id, one.obj, one.msg.partition("key ")[2]) for one in hosts.check_primary_keys()}
    wanted = {("polyimages.E011", one, f"{problem}.") for one in (Parcel, Stamp)}
    assert found == (wanted if problem else set())


@isolate_apps("contacts", "django.contrib.contenttypes")
def test_a_composite_key_does_not_fit(with_models):
    class Seat(models.Model):
        pk = models.CompositePrimaryKey("row", "number")
        row = models.IntegerField()
        number = models.IntegerField()
        images = ImagesField(get_relation_model())

        class Meta:
            app_label = "contacts"

    with_models(Seat)
    [message] = hosts.check_primary_keys()
    assert (message.id, message.obj) == ("polyimages.E011", Seat)
    assert "is composite" in message.msg
    assert "at most 255 characters" in message.hint


def test_keys_are_not_asked_about_where_the_relation_model_is_none(monkeypatch):
    monkeypatch.setattr(hosts, "get_relation_model", lambda: Contact)
    assert hosts.check_primary_keys() == []


@pytest.fixture
def own(monkeypatch):
    """An image model and a relation model that are not in use, and a model that refers to them."""
    with isolate_apps("contacts", "django.contrib.contenttypes"):

        class Picture(AbstractImage):
            class Meta(AbstractImage.Meta):
                app_label = "contacts"

        class Use(AbstractImageRelation):
            image = models.ForeignKey(Picture, models.CASCADE, related_name="relations")

            class Meta(AbstractImageRelation.Meta):
                app_label = "contacts"

        class Place(models.Model):
            photo = models.ForeignKey(Picture, models.CASCADE, related_name="+")
            more_photos = models.ManyToManyField(Picture, related_name="+")
            pictures = GenericRelation(Use)
            kind = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
            kind_id = models.IntegerField()
            thing = GenericForeignKey("kind", "kind_id")

            class Meta:
                app_label = "contacts"

        yield Picture, Use, Place


def test_references_to_models_not_in_use_are_named(with_models, own):
    _picture, use, place = own
    with_models(use, place)
    found = [(one.id, str(one.obj), one.hint) for one in hosts.check_models_not_in_use()]
    assert [one[:2] for one in found] == [
        ("polyimages.W004", "contacts.Place.photo"),
        ("polyimages.W004", "contacts.Place.more_photos"),
        ("polyimages.E010", "contacts.Place.pictures"),
    ]
    assert 'Refer to "polyimages.Image" instead' in found[0][2]
    assert "Inherit ImageAttachable" in found[2][2]


def test_references_to_the_models_in_use_are_fine(monkeypatch, with_models, own):
    picture, use, place = own
    monkeypatch.setattr(hosts, "get_image_model", lambda: picture)
    monkeypatch.setattr(hosts, "get_relation_model", lambda: use)
    with_models(use, place)
    assert hosts.check_models_not_in_use() == []


def test_a_child_is_not_blamed_for_its_parent(with_models, own):
    class Town(own[2]):
        class Meta:
            app_label = "contacts"

    with_models(Town)
    assert hosts.check_models_not_in_use() == []


@pytest.mark.parametrize("in_use", ["parent", "child"])
def test_references_to_relatives_of_the_models_in_use_are_fine(
    monkeypatch, with_models, own, in_use
):
    class Panorama(own[0]):
        class Meta:
            app_label = "contacts"

    class Town(models.Model):
        photo = models.ForeignKey(
            Panorama if in_use == "parent" else own[0], models.CASCADE, related_name="+"
        )

        class Meta:
            app_label = "contacts"

    used = own[0] if in_use == "parent" else Panorama
    monkeypatch.setattr(hosts, "get_image_model", lambda: used)
    with_models(Town)
    assert hosts.check_models_not_in_use() == []


def test_any_key_fits_where_object_id_has_no_limit(monkeypatch, with_models):
    monkeypatch.setattr(get_relation_model()._meta.get_field("object_id"), "max_length", None)
    with isolate_apps("contacts", "django.contrib.contenttypes"):

        class Parcel(models.Model):
            code = models.CharField(primary_key=True, max_length=300)
            images = ImagesField(get_relation_model())

            class Meta:
                app_label = "contacts"

    with_models(Parcel)
    assert hosts.check_primary_keys() == []
