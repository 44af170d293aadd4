from __future__ import annotations

import pytest
from django.apps import apps
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

import django_polyimages
from django_polyimages.apps import PolyimagesConfig
from django_polyimages.models import FileDeletion
from tests.builders import fake_images

CONFIG = apps.get_app_config("polyimages")


def test_wrong_settings_are_found_before_any_model_is(settings):
    settings.POLYIMAGES = {"VERSION": []}
    with pytest.raises(ImproperlyConfigured, match="unknown key 'VERSION'"):
        PolyimagesConfig("django_polyimages", django_polyimages)


@pytest.mark.parametrize("key", ["ORGANIZATION_MODEL", "IMAGE_MODEL", "RELATION_MODEL"])
def test_a_model_that_is_not_installed_is_found_at_the_start(settings, key):
    settings.POLYIMAGES = {key: "shops.Shop"}
    with pytest.raises(ImproperlyConfigured, match=key):
        CONFIG.ready()


@pytest.mark.django_db(transaction=True)
def test_being_ready_twice_connects_everything_once(acme):
    checks = len(registry.registered_checks)
    CONFIG.ready()
    assert len(registry.registered_checks) == checks
    [image] = fake_images(acme, 1)
    with transaction.atomic():
        image.delete()
        assert FileDeletion.objects.count() == 1
