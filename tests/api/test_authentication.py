"""Requests that a page of another site makes the browser of a member send."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from ninja.security import APIKeyCookie, APIKeyHeader, HttpBasicAuth, HttpBearer, django_auth

from django_polyimages.api import images_router
from tests.api.calls import ROOT
from tests.api.test_router import mounted
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


def the_editor(*args: object) -> User | None:
    return User.objects.filter(username="editor").first()


class Basic(HttpBasicAuth):
    def authenticate(self, request, username, password):
        return the_editor()


class Cookie(APIKeyCookie):
    param_name = "jwt"

    def authenticate(self, request, key):
        return the_editor() if key == "good" else None


class Bearer(HttpBearer):
    def authenticate(self, request, token):
        return the_editor() if token == "good" else None


class AsyncBearer(HttpBearer):
    async def authenticate(self, request, token):
        return await User.objects.filter(username="editor").afirst() if token == "good" else None


class BearerOrCookie(HttpBearer):
    """Falls back to a cookie, so it proves nothing."""

    def authenticate(self, request, token):
        return None

    def __call__(self, request):
        return super().__call__(request) or the_editor()


class Key(APIKeyHeader):
    param_name = "X-Key"

    def authenticate(self, request, key):
        return the_editor() if key == "good" else None


def reading_a_cookie(request):
    return the_editor() if request.COOKIES.get("jwt") == "good" else None


SENT_BY_BROWSERS = {
    "basic": (Basic(), {"Authorization": "Basic eDp5"}),
    "cookie class": (Cookie(csrf=False), {}),
    "function": (reading_a_cookie, {}),
    "bearer or cookie": (BearerOrCookie(), {"Authorization": "Bearer x"}),
}
FROM_OUTSIDE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.testserver"},
]
FROM_INSIDE = [
    {},
    {"Origin": "http://testserver"},
    {"Origin": "https://testserver"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://app.trusted.example", "Sec-Fetch-Site": "cross-site"},
]


def send(headers: dict[str, str], client: Client | None = None) -> int:
    client = client or Client(enforce_csrf_checks=True)
    client.cookies["jwt"] = "good"
    data = {"file": upload_of(photo(20, 20))}
    return client.post(f"{ROOT}/acme/images/", data, headers=headers).status_code


@pytest.fixture
def router_with(settings, editor):
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.trusted.example"]
    return lambda auth: mounted(settings, ("/images/", images_router(auth=auth)))


@pytest.mark.parametrize("auth", SENT_BY_BROWSERS)
class TestUpload:
    @pytest.mark.parametrize("headers", FROM_OUTSIDE)
    def test_of_another_site_is_refused(self, router_with, auth, headers):
        one, credentials = SENT_BY_BROWSERS[auth]
        router_with(one)
        assert send(headers | credentials) == 403
        assert stored_keys() == []

    @pytest.mark.parametrize("headers", FROM_INSIDE)
    def test_of_this_site_or_a_program_is_taken(self, router_with, auth, headers):
        one, credentials = SENT_BY_BROWSERS[auth]
        router_with(one)
        assert send(headers | credentials) == 200


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (Bearer(), {"Authorization": "Bearer good"}),
        (AsyncBearer(), {"Authorization": "bearer good"}),
        (Key(), {"X-Key": "good"}),
        ([django_auth, Bearer()], {"Authorization": "Bearer good"}),
    ],
)
def test_an_app_of_another_site_may_upload_with_a_token(router_with, auth, headers):
    router_with(auth)
    assert send(headers | {"Origin": "https://evil.example"}) == 200


@pytest.mark.parametrize("header", [{}, {"Authorization": "bearer x"}, {"X-Key": "x"}])
def test_a_junk_token_does_not_switch_the_session_s_check_off(router_with, editor, header):
    router_with([Bearer(), Key(), lambda request: request.user])
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert send(header, client) == 403
    assert stored_keys() == []


@pytest.mark.parametrize("auth", [Cookie(), django_auth])
def test_ninja_s_cookies_need_a_csrf_token(router_with, editor, auth):
    router_with(auth)
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert send({}, client) == 403
    client.cookies["csrftoken"] = "x" * 32
    assert send({"X-CSRFToken": "y" * 32}, client) == 403
    assert send({"X-CSRFToken": "x" * 32}, client) == 200


def test_the_document_names_the_host_s_schemes(settings):
    host = mounted(settings, ("/images/", images_router(auth=[Bearer(), django_auth, the_editor])))
    schemes = host.get_openapi_schema(path_prefix="")["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {
        "Bearer": "http",
        "SessionAuth": "apiKey",
    }
