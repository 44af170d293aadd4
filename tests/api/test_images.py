from __future__ import annotations

import re

import pytest
from django.core.files.storage import InMemoryStorage

from django_polyimages.models import Image
from tests.api.calls import bulk_upload, get, upload
from tests.drawing import REFUSED, photo, upload_of
from tests.helpers import read, storage_calls, stored_keys
from tests.test_models import fake_images

pytestmark = pytest.mark.django_db


class TestUpload:
    def test_answers_with_the_image(self, client, acme, editor):
        response = upload(client, upload_of(photo(), "door.png"), alt_text="A door")
        assert response.status_code == 200
        body = response.json()
        image = Image.objects.get()
        stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
        assert stamp.fullmatch(body.pop("created_at"))
        assert stamp.fullmatch(body.pop("updated_at"))
        stem = image.key.removesuffix(".jpg")
        assert body == {
            "id": image.pk,
            "file": image.key,
            "title": "door.png",
            "alt_text": "A door",
            "description": None,
            "organization_id": acme.pk,
            "creator_id": editor.pk,
            "url": f"/media/{image.key}",
            "width": 400,
            "height": 300,
            "byte_size": len(photo()),
            "media_type": "image/jpeg",
            "status": "ready",
            "versions": {
                name: {
                    "url": f"/media/{stem}_{name}.webp",
                    "width": width,
                    "height": height,
                    "bytes": image.versions[name].byte_size,
                }
                for name, width, height in [
                    ("thumb", 160, 120), ("sm", 400, 300), ("md", 400, 300), ("lg", 400, 300),
                ]
            },
        }  # fmt: skip

    def test_stores_what_was_sent(self, client):
        content = photo(1500, 2000, orientation=6)
        body = upload(client, upload_of(content)).json()
        assert read(body["file"]) == content
        assert (body["width"], body["height"]) == (1500, 2000)
        assert len(stored_keys()) == 5

    @pytest.mark.parametrize("case", REFUSED)
    def test_a_refused_file_is_a_400_that_says_why(self, client, case):
        name, content, _code = REFUSED[case]
        response = upload(client, upload_of(content, name))
        assert response.status_code == 400
        assert list(response.json()) == ["detail"]
        assert len(response.json()["detail"]) > 15
        assert stored_keys() == []
        assert not Image.objects.exists()

    def test_a_storage_that_is_down_is_a_503(self, client, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        response = upload(client)
        assert response.status_code == 503
        assert "try again later" in response.json()["detail"]
        assert not Image.objects.exists()

    def test_one_file_is_sent_in_one_field(self, client):
        two = upload(client, upload_of(photo()), upload_of(photo()))
        assert (two.status_code, two.json()) == (
            400, {"detail": "Too many files: 2, allowed are 1."},
        )  # fmt: skip
        none = client.post("/api/v1/images/orgs/acme/images/", {"title": "x"})
        assert (none.status_code, none.json()) == (
            400, {"detail": "Send a file in the field 'file'."},
        )  # fmt: skip
        misnamed = client.post("/api/v1/images/orgs/acme/images/", {"image": upload_of(photo())})
        assert misnamed.json() == {"detail": "Unknown file field 'image', allowed is 'file'."}
        assert stored_keys() == []

    @pytest.mark.parametrize(
        ("texts", "complaint"),
        [
            ({"title": "x" * 256}, "title: String should have at most 255 characters"),
            ({"alt_text": "x" * 1001}, "alt_text: String should have at most 1000"),
            ({"description": "a\x00b"}, "description: String should match pattern"),
            ({"status": "ready"}, "status: Extra inputs are not permitted"),
        ],
    )
    def test_a_wrong_text_stores_nothing(self, client, texts, complaint):
        response = upload(client, **texts)
        assert response.status_code == 400
        assert complaint in response.json()["detail"]
        assert stored_keys() == []


class TestBulkUpload:
    def test_answers_for_each_file_in_order(self, client):
        files = [upload_of(photo(), "a.png"), upload_of(b"text", "b.png"), upload_of(photo())]
        response = bulk_upload(client, *files)
        assert response.status_code == 200
        first, second, third = response.json()
        images = list(Image.objects.order_by("pk"))
        assert first == {"status": "success", "id": images[0].pk, "file": images[0].key}
        assert second["status"] == "error"
        assert second["file"] == "b.png"
        assert second["error"].startswith("Not an image that we take")
        assert third == {"status": "success", "id": images[1].pk, "file": images[1].key}
        assert len(stored_keys()) == 10

    def test_a_file_over_the_limit_is_named(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 100}
        [result] = bulk_upload(client, upload_of(photo(), "big.png")).json()
        assert (result["status"], result["file"]) == ("error", "big.png")
        assert result["error"].startswith("File too large")

    def test_has_a_limit(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 2}
        response = bulk_upload(client, *(upload_of(photo()) for _ in range(3)))
        assert (response.status_code, response.json()) == (
            400, {"detail": "Too many files: 3, allowed are 2."},
        )  # fmt: skip
        assert stored_keys() == []

    def test_more_files_than_django_takes_are_a_json_400(self, client):
        response = bulk_upload(client, *(upload_of(b"x", f"{n}.png") for n in range(101)))
        assert response.status_code == 400
        assert "cannot be read" in response.json()["detail"]


class TestList:
    def test_is_newest_first_with_a_count(self, client, acme):
        old, middle, new = fake_images(acme, 3)
        body = get(client).json()
        assert [item["id"] for item in body["items"]] == [new.pk, middle.pk, old.pk]
        assert body["count"] == 3

    def test_has_pages(self, client, acme):
        images = fake_images(acme, 5)[::-1]
        body = get(client, limit=2, offset=2).json()
        assert [item["id"] for item in body["items"]] == [image.pk for image in images[2:4]]
        assert body["count"] == 5

    @pytest.mark.parametrize(
        "query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"offset": -1},
                  {"offset": 10**30}, {"page": 2}],
    )  # fmt: skip
    def test_a_wrong_query_is_a_400(self, client, query):
        response = get(client, **query)
        assert response.status_code == 400
        assert response.json()["detail"].startswith(next(iter(query)))

    def test_shows_the_organization_s_images_only(self, client, acme, other):
        fake_images(other, 2)
        [mine] = fake_images(acme, 1)
        assert [item["id"] for item in get(client).json()["items"]] == [mine.pk]

    @pytest.mark.parametrize("count", [1, 100])
    def test_costs_the_same_for_any_number(
        self, client, acme, count, monkeypatch, django_assert_num_queries
    ):
        fake_images(acme, count)
        # session, user, organization, membership; page and count
        with storage_calls(monkeypatch) as calls, django_assert_num_queries(4 + 2):
            body = get(client, limit=200).json()
        assert len(body["items"]) == count
        assert len(body["items"][0]["versions"]) == 4
        assert calls == []
