"""References from other models of a host are tested by the project ``tests/hosts/uses``."""

from __future__ import annotations

import pytest

from django_polyimages.admin.library.usage_rows import FoundUse, found_uses
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def test_the_relations_of_each_image_are_found_covers_first(acme, contact, product):
    first, second, _third = images = fake_images(acme, 3)
    contact.images.attach_many([first, second])
    product.images.attach(first, is_cover=True)
    by_image: dict[int, list[FoundUse]] = {}
    for use in found_uses(images):
        by_image.setdefault(use.image, []).append(use)
    assert [(one.obj, one.is_cover, one.number) for one in by_image.pop(first.pk)] == [
        (product, True, 2),
        (contact, False, 2),
    ]
    [use] = by_image.pop(second.pk)
    assert (use.kind, use.key, use.place) == ("contact", str(contact.pk), 1)
    assert by_image == {}


def test_of_no_images_nothing_is_found():
    assert list(found_uses([])) == []
