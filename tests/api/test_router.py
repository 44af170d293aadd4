from __future__ import annotations

import pytest
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import path
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import django_auth
from ninja.throttling import AuthRateThrottle

from django_polyimages.api import images, images_router
from tests.api.calls import ROOT, get, post, upload

urlpatterns: list = []


def mounted(settings, *mounts, **options) -> NinjaAPI:
    """An API of a host with these routers, served in this test."""
    own = options.pop("own", None)
    host = NinjaAPI(urls_namespace=f"test-{id(mounts)}", **options)
    if own:
        host.add_router("/own/", own)
    for prefix, router in mounts:
        host.add_router(prefix, router)
    urlpatterns[:] = [path("api/v1/", host.urls)]
    settings.ROOT_URLCONF = __name__
    return host


class TestDocument:
    def test_a_host_s_schemas_of_usual_names_stay_its_own(self, settings):
        class ImageOut(Schema):
            mine: int

        own = Router()
        own.get("/mine", response=ImageOut)(lambda request: {"mine": 1})
        host = mounted(settings, ("/images/", images_router()), own=own)
        schemas = host.get_openapi_schema(path_prefix="")["components"]["schemas"]
        assert list(schemas["ImageOut"]["properties"]) == ["mine"]
        ours = set(schemas) - {"ImageOut"}
        assert all(name.startswith("Polyimages") for name in ours)


def test_an_answer_is_not_validated_again(client, image, monkeypatch):
    """Tests check that, see ``answers``; it took a third of the time of a list."""
    monkeypatch.setattr(images, "image_out", lambda image, request: {"only": image.pk})
    response = client.get(f"{ROOT}/acme/images/{image.pk}/")
    assert response.json() == {"only": image.pk}


class TestMounting:
    def test_two_routers_on_one_api(self, settings, client, acme):
        routers = [("/images/", images_router()), ("/photos/", images_router(name="photos"))]
        paths = mounted(settings, *routers).get_openapi_schema(path_prefix="")["paths"]
        for name in ("images", "photos"):
            attach = paths[f"/{name}/orgs/{{org_slug}}/attach/"]["post"]
            assert attach["operationId"] == f"{name}_attach"
            assert client.get(f"/api/v1/{name}/orgs/acme/images/").status_code == 200

    def test_two_apis(self, settings, client, acme):
        first, second = NinjaAPI(urls_namespace="one"), NinjaAPI(urls_namespace="two")
        for host in (first, second):
            host.add_router("/images/", images_router())
        urlpatterns[:] = [path("api/v1/", first.urls), path("api/v2/", second.urls)]
        settings.ROOT_URLCONF = __name__
        for version in (1, 2):
            assert client.get(f"/api/v{version}/images/orgs/acme/images/").status_code == 200

    @pytest.mark.parametrize("auth", [None, [], ()])
    def test_there_is_no_open_mode(self, auth):
        with pytest.raises(ValueError, match="needs an authentication"):
            images_router(auth=auth)

    def test_an_api_without_authentication_does_not_open_ours(self, settings, acme):
        mounted(settings, ("/images/", images_router()), auth=None)
        assert get(Client()).status_code == 401


class TestHost:
    """What the host does to its own API does not change our answers, nor do we change its."""

    def test_handlers_of_the_host_do_not_see_our_errors(self, settings, client, acme):
        host = mounted(settings, ("/images/", images_router()))
        for kind in (Exception, ValidationError):
            host.add_exception_handler(kind, lambda *args: HttpResponse("<p>no</p>", status=500))
        response = post(client, "attach/", {"image_id": "x"})
        assert response.status_code == 400
        assert response.json()["detail"].startswith("app_label: Field required")
        assert get(client, "images/999/").json() == {"detail": "Not found.", "code": "not_found"}

    def test_a_page_for_people_becomes_json(self, settings, acme):
        host = mounted(settings, ("/images/", images_router()))
        host.add_exception_handler(
            AuthenticationError, lambda *args: HttpResponse("<p>Who are you?</p>", status=401)
        )
        response = get(Client())
        assert (response.status_code, response["Content-Type"]) == (401, "application/json")
        assert response.json()["detail"]

    def test_errors_that_the_host_words_differently_become_ours(self, settings, acme):
        host = mounted(settings, ("/images/", images_router()))
        host.add_exception_handler(
            AuthenticationError, lambda *args: JsonResponse({"error": "who?"}, status=401)
        )
        response = get(Client())
        assert (response.status_code, response.json()) == (
            401,
            {"detail": "Unauthorized", "code": "not_authenticated"},
        )

    def test_errors_of_the_host_s_own_endpoints_stay_its_own(self, settings, client):
        own = Router()

        @own.get("/number")
        def number(request, n: int):
            return n

        mounted(settings, ("/images/", images_router()), own=own)
        assert client.get("/api/v1/own/number?n=x").status_code == 422


class TestMethodsAndPaths:
    @pytest.mark.parametrize(
        ("path", "allow"),
        [
            ("acme/images/", "GET, POST"),
            ("acme/images/1/", "DELETE, GET, PATCH"),
            ("acme/attach/", "POST"),
            ("acme/images/contacts/contact/1/reorder/", "POST"),
            ("acme/images/contacts/contact/1/5/", "PATCH"),
        ],
    )
    def test_another_method_is_a_405_that_names_the_right_ones(self, client, path, allow):
        response = client.put(f"{ROOT}/{path}")
        assert (response.status_code, response["Allow"]) == (405, allow)
        assert response.json() == {
            "detail": f"Method not allowed. Allowed methods: {allow}.",
            "code": "method_not_allowed",
        }

    @pytest.mark.parametrize(
        "path",
        [
            "acme/attach",
            "acme/",
            "acme/x%0Ay",
            "acme/images/a/b/c/d/e/",
            "acme/images/a%2Fb/c/d/e/f/",
            "x",
        ],
    )
    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    @pytest.mark.parametrize("debug", [True, False])
    def test_another_path_is_a_json_404(self, client, settings, path, method, debug):
        settings.DEBUG = debug
        response = getattr(client, method)(f"{ROOT}/{path}")
        assert (response.status_code, response.json()) == (
            404,
            {"detail": "Not found.", "code": "not_found"},
        )

    @pytest.mark.parametrize("method", ["get", "post", "delete"])
    def test_the_root_is_a_json_404(self, client, method):
        response = getattr(client, method)("/api/v1/images/")
        assert (response.status_code, response.json()) == (
            404,
            {"detail": "Not found.", "code": "not_found"},
        )


class TestThrottle:
    def test_is_off_unless_asked_for(self, settings, client, acme):
        host = mounted(settings, ("/images/", images_router()))
        paths = host.get_openapi_schema(path_prefix="")["paths"]
        assert 429 not in paths["/images/orgs/{org_slug}/attach/"]["post"]["responses"]

    def test_is_ninja_s_own(self, settings, client, acme):
        cache.clear()
        router = images_router(auth=django_auth, upload_throttle=AuthRateThrottle("2/h"))
        host = mounted(settings, ("/images/", router))
        codes = [upload(client).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        assert upload(client).json()["detail"]
        assert get(client).status_code == 200
        paths = host.get_openapi_schema(path_prefix="")["paths"]
        assert 429 in paths["/images/orgs/{org_slug}/bulk-upload/"]["post"]["responses"]
        cache.clear()
