"""Every error carries a code; the codes here are the contract, whatever the words are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from django.core.cache import cache
from django.core.files.storage import InMemoryStorage
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.utils import translation
from ninja.errors import AuthenticationError, HttpError
from ninja.throttling import AuthRateThrottle

from config.api import api
from django_polyimages.api import images_router
from django_polyimages.api.codes import ErrorCode
from django_polyimages.errors import Busy, InvalidImageCode
from organizations.images import Policy
from tests.api.calls import ROOT, bulk_upload, four, get, patch, post, target, upload
from tests.api.test_router import mounted
from tests.builders import fake_images, logged_in
from tests.drawing import photo, quarters, to_bytes, upload_of

pytestmark = pytest.mark.django_db
ONE_FILE = {"MAX_FILES": 1, "MAX_IDS": 1, "MAX_IMAGES_PER_OBJECT": 1}


def error_of(response: HttpResponse) -> tuple[int, str]:
    body = response.json()
    assert list(body) == ["detail", "code"]
    assert body["detail"]
    return response.status_code, body["code"]


@pytest.fixture
def setting(settings) -> Callable[..., None]:
    def change(**changed: object) -> None:
        settings.POLYIMAGES = settings.POLYIMAGES | changed

    return change


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty"),
            (b"text", "not_an_image"),
            (photo()[:-500], "damaged"),
            (photo(200, 200), "too_many_pixels"),
            (to_bytes(quarters(), "BMP") + bytes(9_000), "too_large"),
        ],
    )
    def test_have_the_code_of_the_exception_alone_and_in_bulk(self, client, setting, content, code):
        setting(MAX_PIXELS=30_000, MAX_BYTES=100_000 if code != "too_large" else 5_000)
        if code == "damaged":
            setting(MAX_PIXELS=50_000_000)
        assert error_of(upload(client, upload_of(content))) == (400, code)
        [result] = bulk_upload(client, upload_of(content, "x.jpg")).json()
        assert list(result) == ["status", "error", "file", "code"]
        assert (result["status"], result["file"], result["code"]) == ("error", "x.jpg", code)

    def test_too_many(self, client, setting):
        setting(**ONE_FILE)
        two = upload_of(photo()), upload_of(photo())
        assert error_of(upload(client, *two)) == (400, "too_many_files")
        assert error_of(bulk_upload(client, *two)) == (400, "too_many_files")

    def test_more_than_django_takes(self, client, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
        two = upload_of(photo()), upload_of(photo())
        assert error_of(bulk_upload(client, *two)) == (400, "too_many_files")

    def test_the_storage_is_down(self, client, monkeypatch):
        def fail(*args):
            raise ConnectionResetError

        monkeypatch.setattr(InMemoryStorage, "_save", fail)
        assert error_of(upload(client)) == (503, "storage_unavailable")
        [result] = bulk_upload(client, upload_of(photo())).json()
        assert result["code"] == "storage_unavailable"

    def test_no_slot_was_free(self, client, monkeypatch):
        def wait(*args, **kwargs):
            raise Busy("Try again.", retry_after=7)

        monkeypatch.setattr("django_polyimages.pipeline.store.generate", wait)
        response = upload(client)
        assert error_of(response) == (503, "busy")
        assert response["Retry-After"] == "7"
        results = bulk_upload(client, upload_of(photo()), upload_of(photo())).json()
        assert [one["code"] for one in results] == ["busy", "busy"]


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("{", "invalid_json"), ("\ud800", "invalid_json"),
            ("[]", "invalid_fields"), ({}, "invalid_fields"), ({"x": 1}, "invalid_fields"),
            ({"ids": []}, "invalid_fields"), ({"ids": [1, 2]}, "too_many_ids"),
            ({"ids": ["x" * 600_000]}, "body_too_large"),
        ],
    )  # fmt: skip
    def test_of_json(self, client, setting, body, code):
        setting(**ONE_FILE)
        sent = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        assert error_of(post(client, "bulk-delete/", sent)) == (400, code)

    def test_of_another_type(self, client):
        for path in ("attach/", "images/"):
            response = client.post(f"{ROOT}/acme/{path}", "a=b", "text/plain")
            assert error_of(response) == (400, "wrong_content_type")

    def test_of_forms(self, client):
        url = f"{ROOT}/acme/images/"
        assert error_of(client.post(url, {})) == (400, "missing_file")
        assert error_of(client.post(url, {"x": upload_of(photo())})) == (400, "invalid_fields")
        assert error_of(upload(client, title="x" * 256)) == (400, "invalid_fields")
        broken = client.post(url, b"x", "multipart/form-data; boundary=")
        assert error_of(broken) == (400, "body_unreadable")

    def test_texts_longer_than_django_takes(self, client, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
        assert error_of(upload(client, title="x" * 11)) == (400, "body_too_large")
        assert error_of(patch(client, "images/1/", {"title": "x" * 11}))[0] == 404

    def test_of_queries(self, client, image):
        assert error_of(get(client, limit="x")) == (400, "invalid_fields")
        assert error_of(get(client, cursor="x")) == (400, "invalid_cursor")
        assert error_of(get(client, cursor="x", offset=1)) == (400, "invalid_fields")
        many = "&".join(f"a{number}=1" for number in range(1001))
        response = client.get(f"{ROOT}/acme/images/?{many}")
        assert error_of(response) == (400, "body_unreadable")

    def test_more_images_than_an_object_may_have(self, client, setting, acme, contact):
        setting(**ONE_FILE)
        first, second = fake_images(acme, 2)
        contact.images.attach(first)
        response = post(client, "attach/", four(second, contact))
        assert error_of(response) == (400, "too_many_images")


class TestWhoAndWhat:
    def test_not_logged_in(self, acme):
        assert error_of(get(Client())) == (401, "not_authenticated")

    def test_not_a_member(self, acme):
        assert error_of(get(logged_in("stranger"))) == (403, "not_a_member")

    def test_not_allowed(self, client, monkeypatch):
        monkeypatch.setattr(Policy, "may", lambda *args: False)
        assert error_of(get(client)) == (403, "not_allowed")

    def test_without_the_token_and_from_another_site(self, client, editor):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(editor)
        assert error_of(upload(strict)) == (403, "csrf_failed")
        client.defaults["HTTP_ORIGIN"] = "https://evil.example"
        assert error_of(upload(client)) == (403, "other_site")

    @pytest.mark.parametrize(
        "path",
        ["acme/x", "acme/attach", "acme/images/9/", "nowhere/images/", "acme/images/a/b/1/"],
    )
    def test_what_is_not_there(self, client, path):
        assert error_of(client.get(f"{ROOT}/{path}")) == (404, "not_found")

    def test_what_is_not_attached(self, client, image, contact):
        response = patch(client, f"{target(contact)}{image.pk}/", {"order": 1})
        assert error_of(response) == (404, "not_found")

    def test_the_wrong_method(self, client):
        assert error_of(client.put(f"{ROOT}/acme/images/")) == (405, "method_not_allowed")


class TestHost:
    """What Ninja and the host's handlers answer, as that passes through the router."""

    def test_ninja_s_throttle(self, settings, client):
        cache.clear()
        throttle = AuthRateThrottle("1/h")
        mounted(settings, ("/images/", images_router(throttle=throttle)))
        assert get(client).status_code == 200
        assert error_of(get(client)) == (429, "throttled")
        cache.clear()

    @pytest.mark.parametrize(
        ("status", "code"),
        [(400, "body_unreadable"), (401, "not_authenticated"), (403, "not_authenticated"),
         (404, "not_found"), (429, "throttled"), (451, "refused")],
    )  # fmt: skip
    def test_an_authentication_that_raises(self, settings, acme, status, code):
        def refuse(request):
            raise HttpError(status, "No.")

        mounted(settings, ("/images/", images_router(auth=refuse)))
        assert error_of(get(Client()))[1] == code

    def test_a_code_of_the_host_s_own_stays(self, settings, acme):
        host = mounted(settings, ("/images/", images_router()))
        body = {"detail": "Expired.", "code": "token_not_valid", "more": 1}
        host.add_exception_handler(
            AuthenticationError, lambda *args: JsonResponse(body, status=401)
        )
        assert get(Client()).json() == body

    def test_headers_of_an_error_stay(self, settings, acme):
        host = mounted(settings, ("/images/", images_router()))
        headers = {"WWW-Authenticate": "Bearer"}
        host.add_exception_handler(
            AuthenticationError,
            lambda *args: JsonResponse({"detail": "Who?"}, status=401, headers=headers),
        )
        response = get(Client())
        assert error_of(response) == (401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"


def test_codes_are_not_translated(client, settings):
    with translation.override("de"):
        response = client.get(f"{ROOT}/acme/images/9/", headers={"Accept-Language": "de"})
    assert response.json()["code"] == "not_found"


def test_the_document_lists_them():
    schemas = api.get_openapi_schema(path_prefix="")["components"]["schemas"]
    for name in ("PolyimagesError", "PolyimagesRefused"):
        assert set(schemas[name]["properties"]["code"]["enum"]) == set(get_args(ErrorCode))
        assert "code" in schemas[name]["required"]


def test_the_docs_explain_each():
    docs = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text()
    assert set(get_args(InvalidImageCode)) < set(get_args(ErrorCode))
    assert [code for code in get_args(ErrorCode) if f"| `{code}` |" not in docs] == []
