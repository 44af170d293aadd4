from __future__ import annotations

import uuid

import pytest
from django.contrib.sessions.models import Session
from django.db import models
from django.test.utils import isolate_apps

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.models.primary_keys import canonical_key

ID = uuid.UUID("0f9e8d7c-6b5a-4938-a716-05f4e3d2c1b0")


@pytest.mark.parametrize(
    ("model", "key"),
    [(Contact, 7), (Product, ID), (Session, "k" * 40)],
    ids=["int", "uuid", "text"],
)
def test_a_key_is_spelled_as_python_spells_it(model, key):
    assert canonical_key(model, key) == key
    assert canonical_key(model, str(key)) == key


@pytest.mark.parametrize(
    "spelled", ["07", "+7", " 7", "7.0", "７", "", "x", 10**30, -(10**30), True, None]
)
def test_another_spelling_of_a_number_is_none(spelled):
    assert canonical_key(Contact, spelled) is None


@pytest.mark.parametrize("spelled", [ID.hex, str(ID).upper(), f"{{{ID}}}", "1"])
def test_another_spelling_of_a_uuid_is_none(spelled):
    assert canonical_key(Product, spelled) is None


@isolate_apps("contacts")
def test_a_text_is_as_long_as_a_relation_can_hold():
    class Note(models.Model):
        key = models.TextField(primary_key=True)

        class Meta:
            app_label = "contacts"

    assert canonical_key(Note, "k" * 255) == "k" * 255
    assert canonical_key(Note, "k" * 256) is None


@pytest.mark.parametrize("text", ["a\x00", "\ud800"])
def test_what_no_database_can_hold_is_none(text):
    assert canonical_key(Session, text) is None


@isolate_apps("contacts")
def test_the_field_of_a_key_that_is_a_reference_is_at_its_end():
    class Child(Contact):
        class Meta:
            app_label = "contacts"

    class Profile(models.Model):
        child = models.OneToOneField(
            Child, primary_key=True, on_delete=models.CASCADE, related_name="+"
        )

        class Meta:
            app_label = "contacts"

    assert key_field_of(Profile) is key_field_of(Child) is Contact._meta.pk
    assert canonical_key(Profile, "7") == 7
    assert canonical_key(Profile, "07") is None
