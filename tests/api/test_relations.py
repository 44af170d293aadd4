from __future__ import annotations

import pytest
from django.db import connection

from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.images import Policy
from tests.api.calls import four, get, patch, post, target
from tests.builders import fake_images
from tests.helpers import storage_calls

LOCKS_ROWS = connection.features.has_select_for_update

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

    def test_needs_an_image_that_the_member_may_view(
        self, client, acme, image, contact, monkeypatch
    ):
        """Otherwise attaching it to an object of one's own would show it, original and all."""
        [hidden] = fake_images(acme, 1)
        monkeypatch.setattr(
            Policy, "may", lambda self, user, action, organization, obj=None: obj != hidden
        )
        bulk = {"image_ids": [image.pk, hidden.pk]}
        for path, body in (
            ("attach/", four(hidden, contact)),
            (f"{target(contact)}bulk_attach/", bulk),
        ):
            response = post(client, path, body)
            assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
        assert not Relation.objects.exists()
        assert post(client, "attach/", four(image, contact)).status_code == 200

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
            assert (response.status_code, response.json()) == (
                404,
                {"detail": "Not found.", "code": "not_found"},
            )

    @pytest.mark.parametrize(("options", "queries"), [({}, 7), ({"is_cover": True, "order": 1}, 8)])
    def test_costs_few_queries(
        self, client, acme, contact, options, queries, django_assert_num_queries
    ):
        cover, image = fake_images(acme, 2)
        contact.images.attach(cover, is_cover=True)
        locks = int(LOCKS_ROWS and "is_cover" in options)  # of the former cover
        with django_assert_num_queries(4 + queries + locks):
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
        contact.images.attach(foreign, allow_foreign=True)
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


class TestBulk:
    def test_attach_says_which_were_new(self, client, acme, product):
        first, second, third = fake_images(acme, 3)
        product.images.attach(second)
        ids = [third.pk, second.pk, str(third.pk), first.pk]
        response = post(client, f"{target(product)}bulk_attach/", {"image_ids": ids})
        assert response.status_code == 200
        assert response.json() == {"attached": [third.pk, first.pk]}
        assert [one.image for one in product.images.all()] == [second, third, first]
        again = post(client, f"{target(product)}bulk_attach/", {"image_ids": ids})
        assert again.json() == {"attached": []}

    def test_attach_names_what_does_not_exist_and_attaches_nothing(
        self, client, acme, other, contact
    ):
        [mine], [foreign] = fake_images(acme, 1), fake_images(other, 1)
        ids = [mine.pk, foreign.pk, 999_999, f"0{mine.pk}", "<b>"]
        response = post(client, f"{target(contact)}bulk_attach/", {"image_ids": ids})
        assert response.status_code == 404
        assert response.json() == {
            "detail": f'Not found: images {foreign.pk}, 999999, "0{mine.pk}", "<b>".',
            "code": "not_found",
        }
        assert not Relation.objects.exists()

    def test_detach_says_which_were_attached_in_the_order_of_the_request(
        self, client, acme, other, contact, product
    ):
        first, second, third = fake_images(acme, 3)
        [foreign] = fake_images(other, 1)
        contact.images.attach_many([first, second, foreign], allow_foreign=True)
        product.images.attach_many([first, second])
        ids = [second.pk, third.pk, first.pk, foreign.pk, 999_999, second.pk]
        response = post(client, f"{target(contact)}bulk_detach/", {"image_ids": ids})
        assert response.status_code == 200
        assert response.json() == {"detached": [second.pk, first.pk]}
        assert [one.image for one in contact.images.all()] == [foreign]
        assert product.images.count() == 2
        again = post(client, f"{target(contact)}bulk_detach/", {"image_ids": ids})
        assert again.json() == {"detached": []}

    @pytest.mark.parametrize("verb", ["bulk_attach", "bulk_detach", "reorder"])
    @pytest.mark.parametrize(
        "ids", [[], None, 5, [None], [{}], [True], list(range(1001)), list(range(50_000))]
    )
    def test_a_wrong_list_is_a_400(self, client, contact, verb, ids):
        response = post(client, f"{target(contact)}{verb}/", {"image_ids": ids})
        assert response.status_code == 400
        assert "ids" in response.json()["detail"].lower()

    @pytest.mark.parametrize("count", [1, 100])
    @pytest.mark.parametrize("verb", ["bulk_attach", "bulk_detach"])
    def test_costs_the_same_for_any_number(
        self, client, acme, contact, verb, count, django_assert_num_queries
    ):
        images = fake_images(acme, count)
        if verb == "bulk_detach":
            contact.images.attach_many(images)
        contact.images.exists()  # the content type is looked up once in a process
        locks = 2 if LOCKS_ROWS and verb == "bulk_detach" else 0
        with django_assert_num_queries(4 + {"bulk_attach": 7, "bulk_detach": 5}[verb] + locks):
            body = {"image_ids": [image.pk for image in images]}
            answer = post(client, f"{target(contact)}{verb}/", body).json()
        assert len(answer[verb.removeprefix("bulk_") + "ed"]) == count


class TestReorder:
    def test_answers_with_the_new_order(self, client, acme, product):
        images = fake_images(acme, 3)
        product.images.attach_many(images)
        ids = [images[2].pk, images[0].pk]
        response = post(client, f"{target(product)}reorder/", {"image_ids": ids})
        assert response.status_code == 200
        body = response.json()
        assert [item["image"]["id"] for item in body["items"]] == [*ids, images[1].pk]
        assert [item["order"] for item in body["items"]] == [0, 1, 2]
        assert body["count"] == 3

    def test_of_what_is_not_attached_changes_nothing(self, client, acme, product):
        attached, loose = fake_images(acme, 2)
        product.images.attach(attached)
        ids = [loose.pk, attached.pk]
        response = post(client, f"{target(product)}reorder/", {"image_ids": ids})
        assert (response.status_code, response.json()) == (
            404, {"detail": f"Not found: images {loose.pk}.", "code": "not_found"},
        )  # fmt: skip
        assert product.images.get().order is None

    @pytest.mark.parametrize("count", [2, 100])
    def test_costs_the_same_for_any_number(
        self, client, acme, contact, count, django_assert_max_num_queries
    ):
        images = fake_images(acme, count)
        contact.images.attach_many(images)
        with django_assert_max_num_queries(4 + 10):
            body = {"image_ids": [image.pk for image in reversed(images)]}
            post(client, f"{target(contact)}reorder/", body)
        assert contact.images.all()[0].image == images[-1]


class TestUpdate:
    def test_changes_what_is_sent(self, client, image, product):
        product.images.attach(image, custom_title="Old", custom_description="Kept", order=1)
        response = patch(
            client, f"{target(product)}{image.pk}/", {"custom_title": None, "order": None}
        )
        assert response.status_code == 200
        body = response.json()
        assert (body["custom_title"], body["order"]) == (None, None)
        assert body["title"] == image.title
        assert body["custom_description"] == body["description"] == "Kept"
        assert product.images.get().custom_title == ""

    def test_moves_the_cover(self, client, acme, product):
        first, second = fake_images(acme, 2)
        product.images.attach(first, is_cover=True)
        product.images.attach(second)
        patch(client, f"{target(product)}{second.pk}/", {"is_cover": True})
        assert [one.is_cover for one in product.images.all()] == [False, True]
        patch(client, f"{target(product)}{second.pk}/", {"is_cover": False})
        assert [one.is_cover for one in product.images.all()] == [False, False]

    def test_nothing_sent_is_nothing_changed(self, client, image, product):
        product.images.attach(image, custom_title="T")
        assert patch(client, f"{target(product)}{image.pk}/", {}).json()["title"] == "T"

    def test_of_what_is_not_attached_is_a_404(self, client, image, product):
        response = patch(client, f"{target(product)}{image.pk}/", {"order": 1})
        assert response.status_code == 404
        assert not Relation.objects.exists()


class TestManyImages:
    def test_reorder_answers_with_the_first_200(self, client, acme, contact):
        images = fake_images(acme, 201)
        contact.images.attach_many(images)
        answer = post(client, f"{target(contact)}reorder/", {"image_ids": [images[-1].pk]}).json()
        shown = [item["image"]["id"] for item in answer["items"]]
        assert shown == [image.pk for image in [images[-1], *images[:199]]]
        assert answer["count"] == 201

    def test_too_many_are_refused(self, client, acme, contact, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 2}
        a, b, c = fake_images(acme, 3)
        contact.images.attach_many([a, b])
        one = post(client, "attach/", four(c, contact))
        several = post(client, f"{target(contact)}bulk_attach/", {"image_ids": [a.pk, c.pk]})
        for answer in (one, several):
            assert answer.status_code == 400
            assert answer.json() == {
                "detail": "An object may have at most 2 images.",
                "code": "too_many_images",
            }
        assert contact.images.count() == 2
