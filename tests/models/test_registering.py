from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.test.utils import isolate_apps

from django_polyimages import get_relation_model
from django_polyimages.models import register_attachable
from django_polyimages.models.attachable import is_attachable


@pytest.mark.slow
def test_models_of_others_become_attachable():
    """In a separate process with its own SQLite database, since models cannot be unregistered."""
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "--ds=tests.settings_registering", "tests/registering/cases.py"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@isolate_apps("contacts")
def test_children_and_proxies_that_exist_already_inherit_images():
    class Shop(models.Model):
        class Meta:
            app_label = "contacts"

    class Bakery(Shop):
        class Meta:
            app_label = "contacts"

    class OpenShop(Shop):
        class Meta:
            app_label = "contacts"
            proxy = True

    assert not is_attachable(Shop, get_relation_model())
    register_attachable(Shop, organization_path="owner")
    assert is_attachable(Shop, get_relation_model())
    assert not is_attachable(Bakery, get_relation_model())
    assert [model.image_organization_path for model in (Shop, Bakery, OpenShop)] == ["owner"] * 3
    for model in (Shop, Bakery, OpenShop):
        assert model._meta.get_field("images").model is model
        assert "polyimages_polymorphicimagerelation" in str(
            model.objects.filter(images__order=1).values("pk").query.alias_map
        )

    class LateShop(Shop):
        class Meta:
            app_label = "contacts"

    assert LateShop._meta.get_field("images").mti_inherited


@isolate_apps("contacts")
def test_a_name_that_is_taken_is_left_alone():
    class Album(models.Model):
        images = models.TextField()

        class Meta:
            app_label = "contacts"

    class Folder(models.Model):
        class Meta:
            app_label = "contacts"

    class Scan(models.Model):
        folder = models.ForeignKey(
            Folder, models.CASCADE, related_name="scans", related_query_name="images"
        )

        class Meta:
            app_label = "contacts"

    class Page(models.Model):
        class Meta:
            app_label = "contacts"

        def images(self) -> list[str]:
            return []

    class Parent(models.Model):
        class Meta:
            app_label = "contacts"

    class Child(Parent):
        images = models.TextField()

        class Meta:
            app_label = "contacts"

    taken = {Album: "Album", Page: "Page", Folder: "Folder", Parent: "Child"}
    for model, named in taken.items():
        with pytest.raises(
            ImproperlyConfigured, match=f"{named} already has something called 'images'"
        ):
            register_attachable(model)
        assert not is_attachable(model, get_relation_model())
        register_attachable(model, name="photos")
        assert is_attachable(model, get_relation_model())
        assert model._meta.get_field("photos").model is model
        with pytest.raises(ImproperlyConfigured, match="its images are called 'photos'"):
            register_attachable(model, name="pictures")


@isolate_apps("contacts")
def test_only_a_model_with_a_table_of_its_own_is_registered():
    class Shop(models.Model):
        class Meta:
            app_label = "contacts"

    class Abstract(models.Model):
        class Meta:
            app_label = "contacts"
            abstract = True

    class Proxy(Shop):
        class Meta:
            app_label = "contacts"
            proxy = True

    for model in (Abstract, Proxy):
        with pytest.raises(ImproperlyConfigured, match="no table of its own"):
            register_attachable(model)
