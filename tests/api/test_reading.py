from __future__ import annotations

import json

import pytest
from django.core.handlers.asgi import ASGIRequest

from django_polyimages.api.errors import ApiError
from django_polyimages.api.reading import read_json
from django_polyimages.api.schemas_in import IdsIn
from tests.api.calls import ROOT, four, post

pytestmark = pytest.mark.django_db


class TestJson:
    @pytest.mark.parametrize(
        "body",
        ["", "{", "[]", "null", '"x"', "[" * 100_000, '{"image_id": "\\ud800"}', b"\xff\xfe"],
    )
    def test_a_body_that_is_no_object_is_a_400(self, client, body):
        response = post(client, "attach/", body)
        assert response.status_code == 400
        assert response["Content-Type"] == "application/json"
        assert response.json()["detail"]

    def test_another_content_type_is_a_400(self, client, image, contact):
        response = client.post("/api/v1/images/orgs/acme/attach/", four(image, contact))
        assert response.status_code == 400
        assert response.json() == {
            "detail": "Send the body as application/json.",
            "code": "wrong_content_type",
        }


class Endless:
    """A body that is as large as what is asked for."""

    def __init__(self) -> None:
        self.most_read = 0

    def read(self, size: int = -1) -> bytes:
        self.most_read = max(self.most_read, size if size >= 0 else 1_000_000_000)
        return b" " * max(size, 0)

    def close(self) -> None:
        """As files have it."""


class TestHostileBodies:
    @pytest.mark.parametrize(
        "headers", [{}, {"transfer-encoding": "chunked", "content-length": "5"}]
    )
    def test_a_body_of_unknown_length_is_not_read_to_its_end(self, headers):
        headers = {"content-type": "application/json"} | headers
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        body = Endless()
        with pytest.raises(ApiError) as refused:
            read_json(ASGIRequest(scope, body), IdsIn)
        assert refused.value.code == "body_too_large"
        assert body.most_read < 1_000_000

    @pytest.mark.parametrize("debug", [True, False])
    def test_more_files_than_django_takes(self, client, settings, debug):
        settings.DEBUG = debug
        files = {f"f{number}": b"x" for number in range(200)}
        boundary = "x"
        body = b"".join(
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\nx\r\n'
            % name.encode()
            for name in files
        )
        response = client.generic(
            "POST", f"{ROOT}/acme/bulk-upload/", body + b"--x--\r\n",
            f"multipart/form-data; boundary={boundary}",
        )  # fmt: skip
        assert (response.status_code, response["Content-Type"]) == (400, "application/json")

    @pytest.mark.parametrize("debug", [True, False])
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"x" * 3_000_000, "application/json"),
            (b"--x\r\n", "multipart/form-data"),
            (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
            (b"x", "multipart/form-data; boundary=" + "y" * 300),
            (b"--x--", "multipart/form-data; boundary=x; charset=hex"),
            (b"--x--", "multipart/form-data; boundary=x; charset=idna"),
            (b"{}", "text/plain"),
            (b"{}", ""),
            (b"a=1", "application/x-www-form-urlencoded"),
            (b"\x00\xff", "application/json; charset=utf-16"),
        ],
    )
    @pytest.mark.parametrize("path", ["images/", "bulk-upload/", "attach/", "bulk-delete/"])
    def test_a_body_of_another_kind(self, client, settings, debug, body, content_type, path):
        settings.DEBUG = debug
        response = client.generic("POST", f"{ROOT}/acme/{path}", body, content_type)
        assert response.status_code == 400
        assert json.loads(response.content)["detail"]
