"""Uploads in three steps; ``tests/uploads`` has what hostile clients try."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from django.http import HttpResponse
from django.test import Client

from django_polyimages.models import Image, PendingUpload
from tests.api.calls import ROOT, post, send
from tests.builders import logged_in
from tests.drawing import bomb, photo
from tests.helpers import stored_keys
from tests.sending import INCOMING

pytestmark = pytest.mark.django_db

DOOR = {"name": "door.jpg", "size": len(photo()), "type": "image/jpeg"}


def put(told: dict, content: bytes, **options) -> HttpResponse:
    """As a program sends it that has nothing but the instructions."""
    headers = {"content_type": told["headers"]["Content-Type"]} | options
    return Client(enforce_csrf_checks=True).put(told["url"], content, **headers)


@pytest.fixture
def told(client) -> dict:
    return post(client, "uploads/", DOOR).json()


def complete(client: Client, told: dict, **texts: str) -> HttpResponse:
    return post(client, f"uploads/{told['id']}/complete/", texts)


class TestThreeSteps:
    def test_make_an_image(self, client, editor, told, django_capture_on_commit_callbacks):
        assert told["method"] == "PUT"
        assert told["expires_at"].endswith("Z")
        assert put(told, photo()).status_code == 204
        with django_capture_on_commit_callbacks(execute=True):
            response = complete(client, told, alt_text="A door")
        image = response.json()
        assert (image["title"], image["alt_text"], image["status"]) == (
            "door.jpg",
            "A door",
            "ready",
        )
        assert image["creator_id"] == editor.pk
        assert stored_keys() == sorted(Image.objects.get().keys)
        assert stored_keys(folder=INCOMING) == []

    def test_need_no_body_at_the_end(self, client, told):
        put(told, photo())
        response = client.generic("POST", f"{ROOT}/acme/uploads/{told['id']}/complete/")
        assert response.status_code == 200

    def test_a_digest_is_checked(self, client):
        told = post(client, "uploads/", DOOR | {"sha256": sha256(photo()).hexdigest()}).json()
        assert put(told, photo()[:-1] + b"a").json()["code"] == "other_file"
        assert put(told, photo()).status_code == 204

    def test_a_type_is_optional(self, client):
        told = post(client, "uploads/", {"name": "door", "size": len(photo())}).json()
        assert told["headers"] == {"Content-Type": "application/octet-stream"}
        assert put(told, photo()).status_code == 204
        assert complete(client, told).json()["media_type"] == "image/jpeg"

    def test_with_a_task_engine_the_image_is_pending(self, client, told, task_engine):
        put(told, photo())
        response = complete(client, told)
        assert response.json()["status"] == "pending"
        assert response.headers["Retry-After"]


class TestBeginning:
    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"size": 0}, "empty"),
            ({"size": 10**30}, "too_large"),
            ({"size": 10**400}, "too_large"),
            ({"type": "image/heic"}, "not_an_image"),
            ({"name": ""}, "invalid_fields"),
            ({"size": -1}, "invalid_fields"),
            ({"size": "9"}, "invalid_fields"),
            ({"sha256": "ab"}, "invalid_fields"),
            ({"key": "images/a.jpg"}, "invalid_fields"),
        ],
    )
    def test_refuses_what_would_be_refused_later(self, client, changed, code):
        response = post(client, "uploads/", DOOR | changed)
        assert (response.status_code, response.json()["code"]) == (400, code)
        assert not PendingUpload.objects.exists()


class TestSending:
    def test_needs_nothing_but_the_token(self, told):
        assert put(told | {"url": told["url"] + "x"}, photo()).status_code == 403
        wrong = told["url"].replace(told["id"], "0" * 8 + told["id"][8:])
        assert put(told | {"url": wrong}, photo()).status_code == 403
        assert put(told, photo()).status_code == 204

    def test_a_second_time_is_412(self, told):
        put(told, photo())
        response = put(told, photo())
        assert (response.status_code, response.json()["code"]) == (412, "already_sent")

    @pytest.mark.parametrize("content", [photo() + b"a", photo()[:-1], b""])
    def test_another_size_is_400(self, told, content):
        response = put(told, content)
        assert (response.status_code, response.json()["code"]) == (400, "other_file")

    def test_a_body_that_is_too_large_for_any_file_is_not_read(self, told, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 10}
        assert put(told, photo()).json()["code"] == "body_too_large"

    def test_another_type_is_400(self, told):
        assert put(told, photo(), content_type="text/html").json()["code"] == "other_file"

    def test_other_methods_are_405(self, client, told):
        response = client.get(told["url"])
        assert (response.status_code, response.headers["Allow"]) == (405, "PUT")


class TestCompleting:
    def test_a_second_time_is_409(self, client, told):
        put(told, photo())
        complete(client, told)
        response = complete(client, told)
        assert (response.status_code, response.json()["code"]) == (409, "used")
        assert Image.objects.count() == 1

    def test_before_the_file_is_there_is_400(self, client, told):
        response = complete(client, told)
        assert (response.status_code, response.json()["code"]) == (400, "not_sent")
        put(told, photo())
        assert complete(client, told).status_code == 200

    def test_what_is_refused_is_gone(self, client):
        told = post(client, "uploads/", {"name": "a.png", "size": len(bomb())}).json()
        assert put(told, bomb()).status_code == 204
        response = complete(client, told)
        assert (response.status_code, response.json()["code"]) == (400, "too_many_pixels")
        assert complete(client, told).status_code == 404
        assert stored_keys(folder=INCOMING) == []

    @pytest.mark.parametrize("ending", ["complete/", ""])
    def test_only_by_whoever_has_begun_it(self, told, acme, other, ending):
        put(told, photo())
        call = {"complete/": "POST", "": "DELETE"}[ending]
        colleague, stranger = logged_in("colleague", acme), logged_in("stranger", other)
        answers = [
            send(client, call, f"uploads/{key}/{ending}", {}, org)
            for client, org in ((colleague, "acme"), (stranger, "other"))
            for key in (told["id"], "0" * 8 + told["id"][8:], "1", "%00")
        ]
        assert {one.status_code for one in answers} == {404}
        assert len({json.dumps(one.json()) for one in answers}) == 1
        assert PendingUpload.objects.get().state == "waiting"

    def test_too_many_texts_are_400(self, client, told):
        put(told, photo())
        response = post(client, f"uploads/{told['id']}/complete/", {"file": "x"})
        assert response.json()["code"] == "invalid_fields"


class TestCancelling:
    def test_deletes_what_was_sent(self, client, told, django_capture_on_commit_callbacks):
        put(told, photo())
        path = f"uploads/{told['id']}/"
        with django_capture_on_commit_callbacks(execute=True):
            assert send(client, "DELETE", path, None).status_code == 204
        assert stored_keys(folder=INCOMING) == []
        assert complete(client, told).status_code == 404
        assert put(told, photo()).status_code == 404
        assert send(client, "DELETE", path, None).status_code == 204
