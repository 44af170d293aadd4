"""Where a host mounts the router, and what it gives it there."""

from __future__ import annotations

import json
import re
from functools import wraps
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import path, re_path
from ninja import NinjaAPI, Redoc, Router
from ninja.renderers import BaseRenderer, JSONRenderer
from ninja.security import APIKeyHeader, django_auth

from django_polyimages.api import images_router
from tests.api.calls import ROOT, get, target, upload
from tests.api.test_authentication import Basic, Bearer, Cookie, send
from tests.api.test_bodies import call_with
from tests.builders import logged_in
from tests.drawing import photo
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db
urlpatterns: list = []
TOKEN = re.compile(r'data-csrf-token="(\w*)"')


@pytest.fixture
def serve(settings):
    """Serve an API of a host in this test."""
    settings.ROOT_URLCONF = __name__

    def serve(api: NinjaAPI) -> NinjaAPI:
        urlpatterns[:] = [path("api/v1/", api.urls)]
        return api

    return serve


def host(**options) -> NinjaAPI:
    return NinjaAPI(urls_namespace="mounting", **options)


def own_router() -> Router:
    own = Router()

    @own.get("/stats", auth=None)
    def stats(request):
        return {"mine": True}

    return own


class TestPrefix:
    @pytest.mark.parametrize("prefix", ["", "/"])
    def test_at_the_root_it_hides_nothing_that_is_mounted_after_it(
        self, serve, client, acme, prefix
    ):
        api = host()
        api.add_router(prefix, images_router())
        api.add_router("/own", own_router())
        api.add_router("/orgs/acme", own_router())
        serve(api)
        assert client.get("/api/v1/own/stats").json() == {"mine": True}
        assert client.get("/api/v1/orgs/acme/stats").json() == {"mine": True}
        assert client.get("/api/v1/orgs/acme/images/").json()["items"] == []
        assert client.put("/api/v1/orgs/acme/images/").json()["code"] == "method_not_allowed"
        assert client.get("/api/v1/orgs/acme/images/9/").json()["code"] == "not_found"

    def test_elsewhere_every_other_path_is_a_404_in_json(self, serve, client, acme):
        api = host()
        api.add_router("/images/", images_router())
        api.add_router("/own", own_router())
        serve(api)
        assert client.get("/api/v1/own/stats").json() == {"mine": True}
        for rest in ("", "x", "orgs/acme/x", "orgs/acme/images"):
            assert client.get(f"/api/v1/images/{rest}").json()["code"] == "not_found"

    def test_inside_of_a_router_of_the_host(self, serve, client, acme):
        parent, api = Router(), host()
        parent.add_router("/images/", images_router())
        parent.add_router("/own", own_router())
        api.add_router("/v2", parent)
        serve(api)
        assert client.get("/api/v1/v2/own/stats").json() == {"mine": True}
        assert client.get("/api/v1/v2/images/orgs/acme/images/").json()["items"] == []
        assert client.get("/api/v1/v2/images/x").json()["code"] == "not_found"


class TestParametersOfTheHost:
    """In the URL above the router: only the path of the request says what they are."""

    @pytest.mark.parametrize(
        ("where", "route", "root"),
        [
            (path, "orgs/<slug:slug>/api/", "/orgs/acme/api"),
            (path, "orgs/<slug:org_slug>/", "/orgs/acme"),
            (path, "orgs/<slug:org_slug>/", "/orgs/other"),
            (path, "<path:rest>/api/", "/a/orgs/acme/images/9/api"),
            (path, "<str:team>/", "/Gr%C3%B6%C3%9Fe%201%25"),
            (re_path, r"^(?P<team>\w+)/orgs/acme/", "/a/orgs/acme"),
        ],
    )
    def test_are_in_the_url_of_an_original(
        self, settings, client, contact, originals, where, route, root
    ):
        settings.ROOT_URLCONF = __name__
        api = host()
        api.add_router("/images/", images_router())
        urlpatterns[:] = [where(route, api.urls)]
        image = contact.images.attach(photo()).image
        for place in ("images/", target(contact)):
            [item] = client.get(f"{root}/images/orgs/acme/{place}").json()["items"]
            url = item.get("image", item)["url"]
            assert url == f"{root}/images/orgs/acme/images/{image.pk}/original/"
            assert client.get(url).status_code == 200


def mounted_directly(auth) -> NinjaAPI:
    api = host()
    api.add_router("/images/", images_router(), auth=auth)
    return api


def mounted_in_a_router(auth) -> NinjaAPI:
    api, parent = host(), Router()
    parent.add_router("/images/", images_router(), auth=auth)
    api.add_router("", parent)
    return api


class TestRenderer:
    @pytest.fixture
    def rendered(self, serve, image, client):
        """What a renderer of the host is given for an image."""

        def rendered(base: type[BaseRenderer]) -> dict[str, Any]:
            given = []

            class Own(base):
                media_type = "application/json"

                def render(self, request, data, *, response_status):
                    given.append(data)
                    return b"theirs"

            api = host(renderer=Own())
            api.add_router("/images/", images_router())
            serve(api)
            assert client.get(f"{ROOT}/acme/images/{image.pk}/").content == b"theirs"
            return given[0]

        return rendered

    @pytest.mark.parametrize("base", [BaseRenderer, JSONRenderer])
    def test_of_the_host_writes_the_answers(self, rendered, base, image):
        data = rendered(base)
        assert (data["id"], data["created_at"]) == (image.pk, image.created_at)

    def test_and_a_decorator_see_what_the_endpoint_has_built(self, serve, client, image):
        seen = []

        def watching(view):
            @wraps(view)
            def watched(request, *args, **kwargs):
                seen.append(view(request, *args, **kwargs))
                return seen[0] | {"title": "changed"}

            return watched

        api = host()
        api.add_decorator(watching, mode="operation")
        api.add_router("/images/", images_router())
        serve(api)
        assert client.get(f"{ROOT}/acme/images/{image.pk}/").json()["title"] == "changed"
        assert seen[0]["id"] == image.pk


@pytest.mark.parametrize("mounted", [mounted_directly, mounted_in_a_router])
class TestAuthGivenThere:
    def test_is_checked_like_the_router_s_own(self, serve, editor, mounted):
        serve(mounted(Basic()))
        credentials = {"Authorization": "Basic eDp5"}
        assert upload(Client(headers=credentials)).status_code == 200
        assert send(credentials | {"Origin": "https://evil.example"}) == 403

    def test_a_token_needs_no_origin(self, serve, editor, mounted):
        serve(mounted([django_auth, Bearer()]))
        headers = {"Authorization": "Bearer good", "Origin": "https://evil.example"}
        assert send(headers) == 200

    @pytest.mark.parametrize("auth", [django_auth, Cookie()])
    def test_no_body_is_read_before_the_log_in(self, serve, acme, mounted, auth):
        serve(mounted(auth))
        stranger = Client()
        stranger.cookies["sessionid"], stranger.cookies["csrftoken"] = "y" * 32, "x" * 32
        for headers in ({}, {"HTTP_X_CSRFTOKEN": "x" * 32}):
            code, body, text = call_with(stranger, "acme/images/", 400_000, **headers)
            assert (code, body.reads) == (401, 0)
            assert json.loads(text)["code"] == "not_authenticated"
        code, body, _text = call_with(
            logged_in("stranger"), "acme/images/", 400_000, HTTP_X_CSRFTOKEN="x" * 32
        )
        assert code in (401, 403)
        assert body.reads == 0

    @pytest.mark.parametrize("auth", [django_auth, Cookie()])
    def test_its_cookies_need_a_csrf_token(self, serve, editor, mounted, auth):
        serve(mounted(auth))
        client = Client(enforce_csrf_checks=True)
        client.force_login(editor)
        assert send({}, client) == 403
        client.cookies["csrftoken"] = "x" * 32
        assert send({"X-CSRFToken": "x" * 32}, client) == 200

    def test_none_does_not_open_it(self, serve, editor, mounted):
        serve(mounted(None))
        assert upload(Client()).json()["code"] == "not_authenticated"
        assert stored_keys() == []

    def test_the_document_names_its_scheme(self, serve, mounted):
        schema = serve(mounted(Bearer())).get_openapi_schema(path_prefix="")
        assert list(schema["components"]["securitySchemes"]) == ["Bearer"]


class TestDocs:
    @pytest.mark.parametrize("options", [{}, {"auth": django_auth}, {"auth": None}])
    def test_its_page_sends_the_token_that_a_session_needs(self, serve, editor, options):
        api = host(**options)
        api.add_router("/images/", images_router())
        serve(api)
        client = Client(enforce_csrf_checks=True)
        client.force_login(editor)
        assert send({}, client) == 403
        page = client.get("/api/v1/docs").content.decode()
        assert 'data-api-csrf="true"' in page
        [token] = TOKEN.findall(page)
        assert send({"X-CSRFToken": token}, client) == 200

    def test_two_routers_change_the_page_once(self, serve):
        api = host()
        api.add_router("/images/", images_router())
        api.add_router("/photos/", images_router(name="photos"))
        first = api.docs
        serve(api)
        assert api.docs._docs is first
        assert Client().get("/api/v1/docs").status_code == 200

    def test_apis_without_the_router_keep_their_page(self, serve):
        serve(mounted_directly(django_auth))
        other = NinjaAPI(urls_namespace="other")
        urlpatterns.append(path("api/v2/", other.urls))
        assert TOKEN.findall(Client().get("/api/v2/docs").content.decode()) == [""]

    def test_another_kind_of_page_works_as_before(self, serve):
        api = host(docs=Redoc(), title="Mine")
        api.add_router("/images/", images_router())
        serve(api)
        page = Client().get("/api/v1/docs").content.decode()
        assert "redoc" in page
        assert "Mine" in page
        assert api.auth is not django_auth

    def test_an_authentication_of_the_host_s_own_endpoints_stays(self, serve, acme):
        api = host()
        api.add_router("/images/", images_router())
        own = Router()
        own.get("/open")(lambda request: {"open": True})
        api.add_router("/own", own)
        serve(api)
        Client().get("/api/v1/docs")
        assert Client().get("/api/v1/own/open").json() == {"open": True}


class Key(APIKeyHeader):
    param_name = "X-API-Key"

    def authenticate(self, request, key):
        return User.objects.filter(username=key).first()


def test_a_cache_of_the_whole_site_keeps_no_answer_for_strangers(serve, settings, image, editor):
    name = "django.middleware.cache"
    before, after = f"{name}.UpdateCacheMiddleware", f"{name}.FetchFromCacheMiddleware"
    settings.MIDDLEWARE = [before, *settings.MIDDLEWARE, after]
    cache.clear()
    api = host()
    api.add_router("/images/", images_router(auth=Key()))
    serve(api)
    for place in ("images/", f"images/{image.pk}/", f"images/{image.pk}/original/"):
        member = Client(headers={"X-API-Key": editor.username})
        assert get(member, place).status_code == 200
        assert get(Client(), place).status_code == 401
