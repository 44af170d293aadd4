from __future__ import annotations

import base64
import io
import re

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage
from django.db import connection
from PIL import Image as Pillow

from django_polyimages.errors import Busy
from django_polyimages.models import Image
from django_polyimages.pipeline import store
from django_polyimages.pipeline.slots import slot
from organizations.models import Organization
from tests.api.calls import bulk_upload, get, patch, post, send, upload
from tests.builders import fake_images
from tests.drawing import REFUSED, photo, to_bytes, upload_of
from tests.helpers import read, storage_calls, stored_keys

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
            "file_name": "door.png",
            "title": "door.png",
            "alt_text": "A door",
            "description": None,
            "organization_id": acme.pk,
            "creator_id": editor.pk,
            "url": f"/media/{image.key}",
            "url_expires_at": None,
            "width": 400,
            "height": 300,
            "byte_size": len(photo()),
            "media_type": "image/jpeg",
            "status": "ready",
            "focal_point": {"x": 0.5, "y": 0.5},
            "dominant_color": image.dominant_color,
            "placeholder": image.placeholder,
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

    def test_answers_with_what_a_page_outside_of_django_needs(self, client):
        red = upload_of(to_bytes(Pillow.new("RGB", (300, 200), (200, 30, 30)), "PNG"), "red.png")
        body = upload(client, red, title="Red").json()
        assert body["title"] == "Red"
        assert body["file_name"] == "red.png"
        color = bytes.fromhex(body["dominant_color"].removeprefix("#"))
        assert max(abs(a - b) for a, b in zip(color, (200, 30, 30), strict=True)) < 8
        header, _comma, data = body["placeholder"].partition(",")
        assert header == "data:image/webp;base64"
        with Pillow.open(io.BytesIO(base64.b64decode(data))) as tiny:
            assert tiny.width / tiny.height == pytest.approx(1.5, abs=0.1)
        Image.objects.update(focal_x=0.25, focal_y=1, dominant_color="", placeholder="")
        changed = patch(client, f"images/{body['id']}/", {"title": "Blue"}).json()
        assert changed["file_name"] == "red.png"
        assert changed["focal_point"] == {"x": 0.25, "y": 1}
        assert (changed["dominant_color"], changed["placeholder"]) == (None, None)

    def test_an_empty_title_of_a_form_is_the_name_of_the_file(self, client):
        body = upload(client, title="", alt_text="", description="").json()
        assert (body["title"], body["alt_text"], body["description"]) == ("photo.jpg", None, None)

    def test_the_name_of_an_older_image_is_null(self, client, acme):
        fake_images(acme, 1)
        assert get(client).json()["items"][0]["file_name"] is None

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
        assert list(response.json()) == ["detail", "code"]
        assert len(response.json()["detail"]) > 15
        assert stored_keys() == []
        assert not Image.objects.exists()

    def test_a_storage_that_is_down_is_a_503(self, client, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        response = upload(client)
        assert response.status_code == 503
        assert "Try again later" in response.json()["detail"]
        assert not Image.objects.exists()

    def test_who_waits_too_long_for_others_is_told_when_to_come_back(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_WAIT": 1}
        with slot("hostile", 1), slot("hostile", 1):
            response = upload(client)
        assert response.status_code == 503
        assert response["Retry-After"] == "1"
        assert "try again later" in response.json()["detail"]
        assert stored_keys() == []
        assert upload(client).status_code == 200

    def test_one_file_is_sent_in_one_field(self, client):
        two = upload(client, upload_of(photo()), upload_of(photo()))
        assert (two.status_code, two.json()) == (
            400, {"detail": "Too many files: 2; the maximum is 1.", "code": "too_many_files"},
        )  # fmt: skip
        none = client.post("/api/v1/images/orgs/acme/images/", {"title": "x"})
        assert (none.status_code, none.json()) == (
            400, {"detail": "Send a file in the field “file”.", "code": "missing_file"},
        )  # fmt: skip
        misnamed = client.post("/api/v1/images/orgs/acme/images/", {"image": upload_of(photo())})
        assert misnamed.json() == {
            "detail": "Unknown file field; use “file”.",
            "code": "invalid_fields",
        }
        assert stored_keys() == []

    @pytest.mark.parametrize(
        ("texts", "complaint"),
        [
            ({"title": "x" * 256}, "title: String should have at most 255 characters"),
            ({"alt_text": "x" * 1001}, "alt_text: String should have at most 1000"),
            ({"description": "a\x00b"}, "description: String should match pattern"),
            ({"status": "ready"}, "Unknown field. Allowed fields: title, alt_text, description."),
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
        assert second["error"].startswith("Unsupported image format")
        assert third == {"status": "success", "id": images[1].pk, "file": images[1].key}
        assert len(stored_keys()) == 10

    def test_takes_no_other_field(self, client):
        data = {"files": [upload_of(photo())], "title": "x"}
        response = client.post("/api/v1/images/orgs/acme/bulk-upload/", data)
        assert response.json() == {
            "detail": "Unknown field. Allowed fields: none.",
            "code": "invalid_fields",
        }
        assert stored_keys() == []

    def test_a_file_over_the_limit_is_named(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 100}
        [result] = bulk_upload(client, upload_of(photo(), "big.png")).json()
        assert (result["status"], result["file"]) == ("error", "big.png")
        assert result["error"].startswith("File too large")

    def test_has_a_limit(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 2}
        response = bulk_upload(client, *(upload_of(photo()) for _ in range(3)))
        assert (response.status_code, response.json()) == (
            400, {"detail": "Too many files: 3; the maximum is 2.", "code": "too_many_files"},
        )  # fmt: skip
        assert stored_keys() == []

    def test_more_files_than_django_takes_are_a_json_400(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 200}
        response = bulk_upload(client, *(upload_of(b"x", f"{n}.png") for n in range(101)))
        assert response.status_code == 400
        assert "cannot be read" in response.json()["detail"]


class TestList:
    def test_is_newest_first_with_a_count(self, client, acme):
        old, middle, new = fake_images(acme, 3)
        body = get(client).json()
        assert [item["id"] for item in body["items"]] == [new.pk, middle.pk, old.pk]
        assert body["count"] == 3

    def test_shows_the_organization_s_images_only(self, client, acme, other):
        fake_images(other, 2)
        [mine] = fake_images(acme, 1)
        assert [item["id"] for item in get(client).json()["items"]] == [mine.pk]

    @pytest.mark.parametrize("count", [1, 100])
    def test_costs_the_same_for_any_number(
        self, client, acme, count, monkeypatch, django_assert_num_queries
    ):
        fake_images(acme, count + 1)
        # session, user, organization, membership; page and count
        with storage_calls(monkeypatch) as calls, django_assert_num_queries(4 + 2):
            body = get(client, limit=count).json()
        assert len(body["items"]) == count
        assert len(body["items"][0]["versions"]) == 4
        assert calls == []


class TestOne:
    def test_is_shown_as_in_the_list(self, client, image):
        body = get(client, f"images/{image.pk}/").json()
        assert body == get(client).json()["items"][0]

    @pytest.mark.parametrize("spelled", ["0{}", "+{}", " {}", "{}.0", "１", "x", "99999", "1" * 60,
                                         "-1", "%00", "{}%00", "%ED%A0%80"])  # fmt: skip
    def test_has_one_spelling_of_its_id(self, client, image, spelled):
        path = f"images/{spelled.format(image.pk)}/"
        for response in (get(client, path), send(client, "DELETE", path, None)):
            assert (response.status_code, response.json()) == (
                404,
                {"detail": "Not found.", "code": "not_found"},
            )
        assert Image.objects.exists()

    def test_takes_texts(self, client, image):
        response = patch(client, f"images/{image.pk}/", {"title": "T", "alt_text": "A"})
        assert response.status_code == 200
        before = image.updated_at
        image.refresh_from_db()
        assert (image.title, image.alt_text, image.description) == ("T", "A", "")
        assert image.updated_at > before
        assert response.json()["title"] == "T"

    def test_null_empties_a_text_and_a_missing_one_stays(self, client, image):
        Image.objects.update(title="T", description="D")
        body = patch(client, f"images/{image.pk}/", {"description": None}).json()
        assert (body["title"], body["description"]) == ("T", None)

    def test_is_deleted_with_its_files(
        self, client, image, contact, django_capture_on_commit_callbacks
    ):
        contact.images.attach(image)
        with django_capture_on_commit_callbacks(execute=True):
            response = send(client, "DELETE", f"images/{image.pk}/", None)
        assert (response.status_code, response.content) == (204, b"")
        assert stored_keys() == []
        assert not contact.images.exists()
        assert send(client, "DELETE", f"images/{image.pk}/", None).status_code == 404


class TestBulkDelete:
    def test_deletes_its_own_and_skips_the_rest(
        self, client, acme, other, image, django_capture_on_commit_callbacks
    ):
        [kept], [foreign] = fake_images(acme, 1), fake_images(other, 1)
        ids = [image.pk, image.pk, str(image.pk), f"0{kept.pk}", foreign.pk, 10**30, -1, "x"]
        with django_capture_on_commit_callbacks(execute=True):
            response = post(client, "bulk-delete/", {"ids": ids})
        assert (response.status_code, response.content) == (204, b"")
        assert set(Image.objects.all()) == {kept, foreign}
        assert stored_keys() == []
        assert post(client, "bulk-delete/", {"ids": ids}).status_code == 204

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            ({"ids": []}, "ids: List should have at least 1 item"),
            ({}, "ids: Field required"),
            ({"ids": "1"}, "ids: Input should be a valid"),
            ({"ids": [None]}, "ids.0"),
            ({"ids": [True]}, "ids.0"),
            ({"ids": [1.5]}, "ids.0"),
            ({"ids": [[1]]}, "ids.0"),
            ({"ids": list(range(1001))}, "Too many IDs: 1001; the maximum is 1000."),
            ({"ids": list(range(50_000))}, "Too many IDs: 50000; the maximum is 1000."),
        ],
    )
    def test_a_wrong_list_is_a_400(self, client, image, body, complaint):
        response = post(client, "bulk-delete/", body)
        assert response.status_code == 400
        assert complaint in response.json()["detail"]
        assert Image.objects.exists()

    @pytest.mark.parametrize("count", [1, 100])
    def test_costs_the_same_for_any_number(
        self, client, acme, contact, count, django_assert_num_queries,
        django_capture_on_commit_callbacks,
    ):  # fmt: skip
        images = fake_images(acme, count)
        contact.images.attach_many(images)
        # relations are found and locked, except on SQLite, which has no locks of rows
        locks = 2 if connection.features.has_select_for_update else 0
        with (
            # a savepoint, as the test is a transaction; after the commit, who else has the files
            django_assert_num_queries(4 + 8 + locks + 3),
            django_capture_on_commit_callbacks(execute=True),
        ):
            post(client, "bulk-delete/", {"ids": [image.pk for image in images]})
        assert not Image.objects.exists()


def test_a_bulk_upload_waits_for_a_slot_once(client, acme, monkeypatch):
    """Fifty files would hold a worker for 25 minutes otherwise."""
    waited = []

    def busy(*_args, **_options):
        waited.append(1)
        raise Busy("Too many other images.", retry_after=30)

    monkeypatch.setattr(type(Image.objects), "upload", busy)
    answer = bulk_upload(client, *(upload_of(photo()) for _ in range(3)))
    assert [result["error"] for result in answer.json()] == ["Too many other images."] * 3
    assert len(waited) == 1


def test_a_bulk_upload_asks_a_storage_that_is_down_once(client, acme, monkeypatch):
    """Each attempt may last until a timeout; the files before it stay."""
    asked = []
    real = InMemoryStorage._save

    def save(backend, name, content):
        if name.endswith(".jpg"):
            asked.append(name)
            if len(asked) > 1:
                raise ConnectionResetError
        return real(backend, name, content)

    monkeypatch.setattr(InMemoryStorage, "_save", save)
    answer = bulk_upload(client, *(upload_of(photo()) for _ in range(4)))
    down = [result.get("code") for result in answer.json()]
    assert down == [None, *["storage_unavailable"] * 3]
    assert len(asked) == 2
    assert stored_keys() == sorted(Image.objects.get().keys)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("deleted", "error"),
    [(Organization, (404, "not_found")), (User, (401, "not_authenticated"))],
    ids=["organization", "user"],
)
@pytest.mark.parametrize("send_files", [upload, bulk_upload])
def test_what_is_deleted_during_an_upload_is_missed(
    client, acme, monkeypatch, send_files, deleted, error
):
    def delete_and_store(*args):
        deleted.objects.all().delete()
        return store_files(*args)

    store_files = store.store_files
    monkeypatch.setattr(store, "store_files", delete_and_store)
    response = send_files(client, upload_of(photo()))
    if send_files is upload:
        assert (response.status_code, response.json()["code"]) == error
    else:
        assert [one["code"] for one in response.json()] == [error[1]]
    assert (Image.objects.count(), stored_keys()) == (0, [])
