from __future__ import annotations

import pytest
from django.db import models

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import Image
from organizations.models import Organization
from tests.builders import fake_images


@pytest.fixture
def gallery(acme) -> dict[models.Model, list[Image]]:
    """Objects of two models with the images that they have in display order, the cover first."""
    a, b, c = fake_images(acme, 3)
    gallery = {}
    for model in (Contact, Product):
        flagged, ordered, unordered, without = (
            model.objects.create(organization=acme, name=name) for name in "wxyz"
        )
        flagged.images.attach(a, order=0)
        flagged.images.attach(b, is_cover=True, order=1)
        ordered.images.attach(a)
        ordered.images.attach(c, order=9)
        ordered.images.attach(b, order=3)
        unordered.images.attach(c)
        unordered.images.attach(a)
        gallery |= {flagged: [b, a], ordered: [b, c, a], unordered: [c, a], without: []}
    return gallery


@pytest.fixture
def there() -> Organization:
    """An organization in the other database; the test is marked with ``databases``."""
    return Organization.objects.using("other").create(name="There", slug="there")


@pytest.fixture
def images(acme) -> list[Image]:
    return fake_images(acme, 3)
