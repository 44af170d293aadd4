from __future__ import annotations

import pytest

from django_polyimages.api import pagination
from django_polyimages.models import Image
from tests.api.calls import get, target
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


class TestList:
    def test_has_pages(self, client, acme):
        images = fake_images(acme, 5)[::-1]
        body = get(client, limit=2, offset=2).json()
        assert [item["id"] for item in body["items"]] == [image.pk for image in images[2:4]]
        assert body["count"] == 5

    @pytest.mark.parametrize(
        "query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"offset": -1},
                  {"offset": 10**30}],
    )  # fmt: skip
    def test_a_wrong_query_is_a_400(self, client, query):
        response = get(client, **query)
        assert response.status_code == 400
        assert response.json()["detail"].startswith(next(iter(query)))

    @pytest.mark.parametrize(
        ("query", "shown"),
        [({}, slice(0, 100)), ({"limit": 1}, slice(0, 1)), ({"limit": 200}, slice(0, 200)),
         ({"limit": 199}, slice(0, 199)), ({"limit": 50, "offset": 150}, slice(150, 200)),
         ({"limit": 50, "offset": 151}, slice(151, 201)), ({"offset": 200}, slice(200, 201)),
         ({"offset": 201}, slice(0, 0)), ({"offset": 2**31 - 1}, slice(0, 0))],
    )  # fmt: skip
    def test_the_boundaries_of_a_page(self, client, acme, contact, query, shown):
        """Of both lists: 100 unless ``limit`` is sent, at most 200, and no image twice."""
        images = fake_images(acme, 201)
        contact.images.attach_many(images)
        for place, every in (("images/", images[::-1]), (target(contact), images)):
            body = get(client, place, **query).json()
            listed = [item.get("image", item)["id"] for item in body["items"]]
            assert listed == [image.pk for image in every[shown]]
            assert body["count"] == 201
            assert bool(body.get("next")) == (place == "images/" and 0 < shown.stop < 201)

    def test_the_boundaries_of_pages_by_cursor(self, client, acme):
        images = fake_images(acme, 201)[::-1]
        first = get(client, limit=200).json()
        second = get(client, limit=200, cursor=first["next"]).json()
        assert [item["id"] for item in second["items"]] == [images[-1].pk]
        assert second["next"] is None
        images[-1].delete()
        assert get(client, limit=200).json()["next"] is None

    @pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": -1},
                                       {"offset": -1}, {"offset": 2**31}])  # fmt: skip
    def test_one_more_is_a_400_in_both_lists(self, client, acme, contact, query):
        for place in ("images/", target(contact)):
            assert get(client, place, **query).json()["code"] == "invalid_fields"

    def test_an_unknown_parameter_is_a_400(self, client, acme):
        response = get(client, page=2)
        assert response.status_code == 400
        assert response.json()["detail"].startswith("Unknown field. Allowed fields: limit, offset,")

    def test_filters(self, client, acme, contact):
        door, gate, cat = fake_images(acme, 3)
        Image.objects.filter(pk=door.pk).update(title="Red DOOR 50%")
        Image.objects.filter(pk=gate.pk).update(media_type="image/png")
        Image.objects.filter(pk=cat.pk).update(status="failed")
        contact.images.attach(door)
        found = {
            name: [item["id"] for item in get(client, **query).json()["items"]]
            for name, query in {
                "title": {"title": "door"},
                "wildcards are text": {"title": "%"},
                "format": {"format": "PNG"},
                "status": {"status": "failed"},
                "unattached": {"unattached": "true"},
                "together": {"unattached": "1", "format": "JPEG"},
            }.items()
        }
        assert found == {
            "title": [door.pk],
            "wildcards are text": [door.pk],
            "format": [gate.pk],
            "status": [cat.pk],
            "unattached": [cat.pk, gate.pk],
            "together": [cat.pk],
        }
        assert get(client, format="PNG").json()["count"] == 1

    @pytest.mark.parametrize(
        "query", [{"format": "TIFF"}, {"status": "x"}, {"unattached": "perhaps"},
                  {"title": "a\x00"}, {"cursor": "x"}, {"cursor": "x:y:z"}, {"cursor": "\x00"}],
    )  # fmt: skip
    def test_a_wrong_filter_is_a_400(self, client, query):
        response = get(client, **query)
        assert response.status_code == 400
        assert response.json()["detail"].startswith(next(iter(query)))

    @pytest.mark.parametrize("together", [True, False], ids=["same moment", "different moments"])
    def test_a_cursor_visits_every_image_once(self, client, acme, together):
        images = fake_images(acme, 7)[::-1]
        if together:
            Image.objects.update(created_at=images[0].created_at)
        seen, query, counts = [], {"limit": 3}, []
        for _ in range(3):
            body = get(client, **query).json()
            seen += [item["id"] for item in body["items"]]
            counts.append(body["count"])
            query["cursor"] = body["next"]
        assert body["next"] is None
        assert seen == [image.pk for image in images]
        assert counts == [7, None, None]

    def test_a_cursor_does_not_go_with_an_offset(self, client, acme):
        fake_images(acme, 2)
        cursor = get(client, limit=1).json()["next"]
        response = get(client, cursor=cursor, offset=1)
        assert response.json() == {
            "detail": "cursor: send a cursor or an offset, not both.",
            "code": "invalid_fields",
        }

    def test_a_cursor_opens_no_other_organization(self, client, acme, other):
        fake_images(other, 2)
        fake_images(acme, 2)
        cursor = get(client, limit=1).json()["next"]
        assert len(get(client, cursor=cursor).json()["items"]) == 1


def test_more_images_than_the_bound_are_not_counted(client, acme, monkeypatch):
    monkeypatch.setattr(pagination, "MOST_COUNTED", 2)
    fake_images(acme, 2)
    assert get(client, "images/", limit=1).json()["count"] == 2
    fake_images(acme, 1)
    assert get(client, "images/", limit=1).json()["count"] is None
    assert get(client, "images/", limit=1, title="0").json()["count"] == 2


@pytest.mark.parametrize(("query", "count"), [({"limit": 3}, 3), ({"offset": 1}, 3), ({}, 3)])
def test_the_last_page_tells_the_count_without_a_query(
    client, acme, query, count, django_assert_max_num_queries
):
    fake_images(acme, 3)
    with django_assert_max_num_queries(4 + 1):
        assert get(client, "images/", **query).json()["count"] == count
    assert get(client, "images/", offset=4).json() == {"items": [], "count": 3, "next": None}
