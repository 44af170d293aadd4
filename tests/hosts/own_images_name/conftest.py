from __future__ import annotations

import pytest

from django_polyimages.models import Image
from tests.drawing import photo, upload_of
from tests.hosts.own_images_name.models import Brochure, OldPhoto, Poster, Product, Supplier

NAMES = {Product: "photos", Brochure: "gallery", Poster: "gallery", Supplier: "photos"}


@pytest.fixture
def images(acme) -> list[Image]:
    return [
        Image.objects.upload(upload_of(photo(), f"{number}.jpg"), organization=acme)
        for number in range(3)
    ]


@pytest.fixture(params=NAMES)
def host(request) -> type:
    return request.param


@pytest.fixture
def thing(host, acme):
    """An object of each attachable model."""
    key = {"code": "north 2"} if host is Poster else {}
    return host.objects.create(organization=acme, name="Lamp", **key)


@pytest.fixture
def lamp(acme) -> Product:
    """A product with an old photo, which has nothing to do with the package."""
    product = Product.objects.create(organization=acme, name="Lamp")
    OldPhoto.objects.create(product=product, path="old.png")
    return product
