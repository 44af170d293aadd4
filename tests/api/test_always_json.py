"""Whatever is sent, the answer is JSON with ``detail``."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client

from django_polyimages.api import images_router
from django_polyimages.models import Image
from organizations.images import Policy
from tests.api.calls import ROOT, bulk_upload, get, target
from tests.api.test_router import mounted
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[True, False], ids=["debug", "production"])
def debug(settings, request):
    settings.DEBUG = request.param


def is_error(response, status: int) -> bool:
    return response.status_code == status and list(response.json()) == ["detail", "code"]


@pytest.mark.usefixtures("debug")
class TestQuery:
    def test_more_parameters_than_django_takes(self, client, image, contact):
        query = "&".join(f"a{number}=1" for number in range(1001))
        for path in ("images/", f"images/{image.pk}/", target(contact)):
            assert is_error(client.get(f"{ROOT}/acme/{path}?{query}"), 400)
        response = client.post(f"{ROOT}/acme/attach/?{query}", {}, "application/json")
        assert is_error(response, 400)
        assert is_error(client.get(f"{ROOT}/acme/nothing?{query}"), 404)

    def test_a_title_longer_than_titles_are(self, client, acme):
        response = get(client, title="x" * 50_001)
        assert is_error(response, 400)
        assert response.json()["detail"] == "title: String should have at most 255 characters"
        assert get(client, title="x" * 255).json()["items"] == []


@pytest.mark.usefixtures("debug")
class TestRefusals:
    @pytest.mark.parametrize("method", ["get_organization", "is_member", "may"])
    def test_of_a_policy(self, client, acme, monkeypatch, method):
        def refuse(*args):
            raise PermissionDenied("Ask Ada.")

        monkeypatch.setattr(Policy, method, refuse)
        response = get(client)
        assert is_error(response, 403)
        code = "not_allowed" if method == "may" else "not_a_member"
        assert response.json() == {"detail": "Ask Ada.", "code": code}

    @pytest.mark.parametrize(
        ("error", "status"), [(PermissionDenied("Ask Ada."), 403), (SuspiciousOperation("x"), 400)]
    )
    def test_of_an_authentication(self, client, settings, acme, error, status):
        def refuse(request):
            request.user.is_authenticated  # noqa: B018
            raise error

        mounted(settings, ("/images/", images_router(auth=refuse)))
        assert is_error(get(client), status)


@pytest.mark.parametrize("method", ["PROPFIND", "LOCK", "FOO", "X" * 100])
@pytest.mark.parametrize(
    ("path", "status"),
    [("acme/images/", 405), ("acme/images/1/", 405), ("acme/attach/", 405), ("acme/x", 404)],
)
def test_a_method_that_nobody_has_heard_of(client, method, path, status):
    response = client.generic(method, f"{ROOT}/{path}")
    assert is_error(response, status)
    if status == 405:
        assert set(response["Allow"].split(", ")) <= {"GET", "POST", "PATCH", "DELETE"}


class TestBulkUpload:
    @pytest.fixture
    def second_fails(self, monkeypatch):
        real, calls = Image.objects.upload, []

        def upload(file, **kwargs):
            calls.append(file)
            if len(calls) == 2:
                raise ZeroDivisionError("secret")
            return real(file, **kwargs)

        monkeypatch.setattr(type(Image.objects), "upload", staticmethod(upload))

    @pytest.mark.parametrize("atomic", [True, False])
    def test_answers_for_each_file_whatever_happens_to_one(
        self, client, second_fails, caplog, settings, monkeypatch, atomic
    ):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        files = [upload_of(photo(20, 20), f"{name}.jpg") for name in "abc"]
        first, second, third = bulk_upload(client, *files).json()
        assert [first["status"], third["status"]] == ["success", "success"]
        assert second == {
            "status": "error",
            "error": "This file could not be stored because of a server error.",
            "file": "b.jpg",
            "code": "server_error",
        }
        assert Image.objects.count() == 2
        assert "ZeroDivisionError: secret" in caplog.text


def test_strangers_get_json_for_a_made_up_method():
    assert is_error(Client().generic("PROPFIND", f"{ROOT}/acme/images/"), 405)
