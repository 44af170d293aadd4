from __future__ import annotations

import pytest

from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.api.calls import four, patch, post, target

pytestmark = pytest.mark.django_db


class TestImage:
    @pytest.mark.parametrize(
        "body", [{"file": "x"}, {"id": 5}, {"organization_id": 1}, {"creator_id": None},
                 {"versions": {}}, {"status": "ready"}, {"title": 5}, {"title": "x" * 256},
                 {"description": "x" * 10_001}, {"title": "a\x00"}, [], None, "x"],
    )  # fmt: skip
    def test_takes_nothing_else(self, client, image, body):
        before = Image.objects.values().get()
        response = patch(client, f"images/{image.pk}/", body)
        assert response.status_code == 400
        assert response.json()["detail"]
        assert Image.objects.values().get() == before


class TestAttach:
    @pytest.mark.parametrize(
        "change",
        [
            {"image_id": True}, {"image_id": 1.0}, {"image_id": None}, {"object_id": []},
            {"order": -1}, {"order": 2**31}, {"order": "1"}, {"is_cover": "yes"},
            {"custom_title": "x" * 256}, {"custom_title": "\x00"}, {"model": None},
        ],
    )  # fmt: skip
    def test_a_wrong_field_is_named(self, client, image, contact, change):
        response = post(client, "attach/", four(image, contact, **change))
        assert response.status_code == 400
        assert next(iter(change)) in response.json()["detail"]
        assert not Relation.objects.exists()


class TestOptions:
    @pytest.mark.parametrize("body", [{"is_cover": None}, {"order": 1.5}])
    def test_a_wrong_field_is_named(self, client, image, product, body):
        product.images.attach(image)
        response = patch(client, f"{target(product)}{image.pk}/", body)
        assert response.status_code == 400
        assert next(iter(body)) in response.json()["detail"]

    @pytest.mark.parametrize("name", ["image_id", "x", "x" * 100_000])
    def test_an_unknown_field_is_not_repeated(self, client, image, product, name):
        product.images.attach(image)
        response = patch(client, f"{target(product)}{image.pk}/", {name: 1})
        assert (response.status_code, response.json()) == (
            400,
            {
                "detail": "Unknown field. Allowed fields: is_cover, order, custom_title, "
                "custom_alt_text, custom_description.",
                "code": "invalid_fields",
            },
        )
