from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_polyimages import get_image_model, get_organization_model, get_relation_model
from django_polyimages.models import Image, PolymorphicImageRelation
from organizations.models import Organization


def test_the_models_in_use():
    assert get_image_model() is Image
    assert get_relation_model() is PolymorphicImageRelation
    assert get_organization_model() is Organization


@pytest.mark.parametrize("label", ["photos.Photo", "polyimages.Photo"])
def test_a_model_that_is_not_installed_names_its_setting(settings, label):
    settings.POLYIMAGES = {"IMAGE_MODEL": label}
    with pytest.raises(ImproperlyConfigured) as caught:
        get_image_model()
    assert f"POLYIMAGES['IMAGE_MODEL'] is {label!r}, a model that is not installed" in str(
        caught.value
    )
    assert "Add its app to INSTALLED_APPS or name another model." in str(caught.value)
