from __future__ import annotations

import pytest

from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.api.calls import four, get, post, target
from tests.helpers import storage_calls
from tests.test_models import fake_images

pytestmark = pytest.mark.django_db


class TestAttach:
    def test_a_contact_and_a_product_to_one_image(self, client, image, contact, product):
        for obj in (contact, product):
            response = post(client, "attach/", four(image, obj))
            assert response.status_code == 200
            assert response.json() == {"detail": "attached", "created": True}
        assert contact.images.get().image == product.images.get().image == image

    def test_again_says_that_it_was_there(self, client, image, contact):
        post(client, "attach/", four(image, contact))
        response = post(client, "attach/", four(image, contact, custom_title="Here"))
        assert response.json() == {"detail": "attached", "created": False}
        assert contact.images.get().custom_title == "Here"

    def test_takes_options(self, client, image, contact):
        options = {"is_cover": True, "order": 3, "custom_title": "T", "custom_alt_text": None}
        post(client, "attach/", four(image, contact, **options))
        relation = contact.images.get()
        assert (relation.is_cover, relation.order) == (True, 3)
        assert (relation.custom_title, relation.custom_alt_text) == ("T", "")

    @pytest.mark.parametrize("spelled", ["01", "+1", " 1", "1 ", "１", "1.0", "1e0", "", "x", "-1",
                                         10**30, -1, "1\x00"])  # fmt: skip
    def test_an_object_has_one_spelling_of_its_id(self, client, image, contact, spelled):
        body = four(image, contact)
        body["object_id"] = (
            spelled.replace("1", str(contact.pk)) if type(spelled) is str else spelled
        )
        assert post(client, "attach/", body).status_code == 404
        assert not Relation.objects.exists()

    def test_ids_may_be_texts_in_their_canonical_spelling(self, client, image, contact):
        body = four(image, contact, image_id=str(image.pk), object_id=str(contact.pk))
        assert post(client, "attach/", body).status_code == 200
        assert contact.images.get().object_id == str(contact.pk)

    @pytest.mark.parametrize(
        ("app_label", "model"),
        [
            ("auth", "user"), ("sessions", "session"), ("admin", "logentry"),
            ("contenttypes", "contenttype"), ("polyimages", "image"), ("nowhere", "contact"),
            ("polyimages", "polymorphicimagerelation"), ("contacts", "nothing"),
            ("contacts", "Contact"), ("organizations", "organization"), ("", ""), ("a.b", "c/d"),
            ("contacts", "contact\x00"),
        ],
    )  # fmt: skip
    def test_a_model_that_was_not_opted_in_does_not_exist(
        self, client, image, contact, app_label, model
    ):
        body = four(image, contact, app_label=app_label, model=model)
        response = post(client, "attach/", body)
        assert response.status_code in (400, 404)
        if "\x00" not in model:
            assert (response.status_code, response.json()) == (404, {"detail": "Not found."})

    @pytest.mark.parametrize(
        "change",
        [
            {"image_id": True}, {"image_id": 1.0}, {"image_id": None}, {"object_id": []},
            {"order": -1}, {"order": 2**31}, {"order": "1"}, {"is_cover": "yes"},
            {"custom_title": "x" * 256}, {"custom_title": "\x00"}, {"extra": 1}, {"model": None},
        ],
    )  # fmt: skip
    def test_a_wrong_field_is_named(self, client, image, contact, change):
        response = post(client, "attach/", four(image, contact, **change))
        assert response.status_code == 400
        assert next(iter(change)) in response.json()["detail"]
        assert not Relation.objects.exists()

    @pytest.mark.parametrize(
        "body",
        ["", "{", "[]", "null", '"x"', "[" * 100_000, '{"image_id": "\\ud800"}', b"\xff\xfe"],
    )
    def test_a_body_that_is_no_object_is_a_400(self, client, body):
        response = post(client, "attach/", body)
        assert response.status_code == 400
        assert response["Content-Type"] == "application/json"
        assert response.json()["detail"]

    def test_another_content_type_is_a_400(self, client, image, contact):
        response = client.post("/api/v1/images/orgs/acme/attach/", four(image, contact))
        assert response.status_code == 400
        assert response.json() == {"detail": "Send the body as application/json."}

    @pytest.mark.parametrize("options", [{}, {"is_cover": True, "order": 1}])
    def test_costs_few_queries(
        self, client, image, contact, options, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(4 + (6 if not options else 8)):
            post(client, "attach/", four(image, contact, **options))


class TestDetach:
    def test_removes_the_relation(self, client, image, contact, product):
        contact.images.attach(image)
        product.images.attach(image)
        response = post(client, "detach/", four(image, contact))
        assert (response.status_code, response.content) == (204, b"")
        assert Relation.objects.get().content_object == product

    def test_again_is_no_error(self, client, image, contact):
        assert post(client, "detach/", four(image, contact)).status_code == 204

    def test_takes_no_options(self, client, image, contact):
        response = post(client, "detach/", four(image, contact, order=1))
        assert response.status_code == 400


class TestList:
    def test_shows_relations_in_display_order(self, client, acme, product):
        first, second = fake_images(acme, 2)
        product.images.attach(first, order=2, custom_title="Here")
        relation = product.images.attach(second, order=1, is_cover=True)
        body = get(client, target(product)).json()
        assert body["count"] == 2
        assert [item["image"]["id"] for item in body["items"]] == [second.pk, first.pk]
        item = body["items"][0]
        del item["image"]
        assert item == {
            "id": relation.pk,
            "app_label": "catalog",
            "model": "product",
            "object_id": str(product.pk),
            "is_cover": True,
            "order": 1,
            "custom_title": None,
            "custom_alt_text": None,
            "custom_description": None,
            "title": "1",
            "alt_text": None,
            "description": None,
        }
        assert body["items"][1]["title"] == "Here"
        assert body["items"][1]["image"]["title"] == "0"

    def test_leaves_out_images_of_other_organizations(self, client, acme, other, contact):
        [foreign] = fake_images(other, 1)
        contact.images.attach(foreign)
        assert get(client, target(contact)).json() == {"items": [], "count": 0}

    def test_of_an_unknown_object_is_a_404(self, client, contact):
        assert get(client, "images/contacts/contact/999/").status_code == 404
        assert get(client, f"images/contacts/contact/0{contact.pk}/").status_code == 404

    @pytest.mark.parametrize("count", [1, 100])
    def test_costs_the_same_for_any_number(
        self, client, acme, contact, count, monkeypatch, django_assert_max_num_queries
    ):
        for image in fake_images(acme, count):
            contact.images.attach(image)
        with storage_calls(monkeypatch) as calls, django_assert_max_num_queries(4 + 4):
            assert len(get(client, target(contact), limit=200).json()["items"]) == count
        assert calls == []
