"""Bodies that are meant to fill the memory or the disk."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory

from django_polyimages.api.bodies import MAX_JSON
from django_polyimages.models import Image
from organizations.images import Policy
from tests.api.calls import CALLS, ROOT, bulk_upload, patch, post, target, upload
from tests.builders import logged_in
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db
FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a.jpg"\r\n\r\n%s\r\n'


def form(name: bytes, *files: bytes) -> bytes:
    return b"".join(PART % (name, file) for file in files) + b"--x--\r\n"


class Unread:
    """A body of which a test notices that it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, *args: object) -> bytes:
        self.reads += 1
        return b""

    readline = read


def call_with(
    client: Client, path: str, size: int | str, **headers: str
) -> tuple[int, Unread, bytes]:
    """A POST that announces ``size`` bytes, through Django but without the test client, which
    would count the bytes itself.
    """
    body, cookies = Unread(), client.cookies.output(header="", sep=";").strip()
    environ = RequestFactory().post(f"{ROOT}/{path}", content_type=FORM).environ | {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(size),
        "HTTP_COOKIE": cookies,
        **headers,
    }
    status = []
    # As Django's test client does: the connection is the test's.
    request_started.disconnect(close_old_connections)
    try:
        answer = WSGIHandler()(environ, lambda line, *args: status.append(int(line[:3])))
    finally:
        request_started.connect(close_old_connections)
    return status[0], body, b"".join(answer)


@pytest.fixture
def strangers() -> Client:
    client = Client()
    client.cookies["sessionid"], client.cookies["csrftoken"] = "y" * 32, "x" * 32
    return client


class TestLogInComesFirst:
    @pytest.mark.parametrize(
        ("path", "status"),
        [("acme/images/", 401), ("acme/bulk-upload/", 401), ("acme/attach/", 401),
         ("acme/nothing/", 404), ("acme/images/1/", 405)],
    )  # fmt: skip
    @pytest.mark.parametrize("headers", [{}, {"HTTP_X_CSRFTOKEN": "x" * 32}])
    def test_a_cookie_of_nobody_does_not_get_a_body_read(self, strangers, path, status, headers):
        code, body, text = call_with(strangers, path, 400_000, **headers)
        assert (code, body.reads) == (status, 0)
        assert json.loads(text)["detail"]

    @pytest.mark.parametrize("headers", [{}, {"HTTP_X_CSRFTOKEN": "x" * 32}])
    def test_nor_does_one_of_a_user_who_is_no_member(self, acme, headers):
        client = logged_in("stranger")
        client.cookies["csrftoken"] = "x" * 32
        code, body, _text = call_with(client, "acme/images/", 400_000, **headers)
        assert (code, body.reads) == (403, 0)

    def test_a_member_s_is_read(self, client):
        client.cookies["csrftoken"] = "x" * 32
        code, body, _text = call_with(client, "acme/images/", 400, HTTP_X_CSRFTOKEN="x" * 32)
        assert (code, body.reads > 0) == (400, True)


class TestAnnouncedSize:
    @pytest.mark.parametrize(
        ("path", "most"),
        [
            ("acme/attach/", MAX_JSON),
            ("acme/images/", 1000 + 1024 * 1024),
            ("acme/bulk-upload/", 2500 + 1024 * 1024),
        ],
    )
    def test_a_larger_body_is_refused_unread(self, client, settings, path, most):
        limits = {"MAX_BYTES": 1000, "MAX_FILES": 10, "MAX_REQUEST_BYTES": 2500}
        settings.POLYIMAGES = settings.POLYIMAGES | limits
        code, body, text = call_with(client, path, most + 1)
        assert (code, body.reads) == (400, 0)
        assert json.loads(text)["detail"] == (
            f"The request body is too large: {most + 1} bytes; the maximum is {most}."
        )
        assert b"too large" not in call_with(client, path, most)[2]

    @pytest.mark.parametrize(
        "size", ["9" * 20, "1" + "0" * 4000, "+9999999", "9_999_999", " 9999999 "]
    )
    def test_a_length_in_any_form_that_django_reads_counts(self, client, size):
        code, body, text = call_with(client, "acme/attach/", size)
        assert (code, body.reads) == (400, 0)
        assert json.loads(text)["code"] == "body_too_large"

    @pytest.mark.parametrize("size", ["", "x", "1e9", "0x99999999", "9" * 5000, "-1"])
    def test_of_any_other_length_django_reads_nothing(self, client, size):
        client.cookies["csrftoken"] = token = "x" * 32
        code, body, text = call_with(client, "acme/images/", size, HTTP_X_CSRFTOKEN=token)
        assert (code, body.reads) == (400, 0)
        assert json.loads(text)["code"] in ("body_unreadable", "missing_file")

    def test_a_length_that_was_not_announced_does_not_help(self, client, image, monkeypatch):
        monkeypatch.setattr("django_polyimages.api.bodies._announced", lambda request: 0)
        response = patch(client, f"images/{image.pk}/", {"title": "x" * MAX_JSON})
        assert "body is too large" in response.json()["detail"]


class Stored(TemporaryFileUploadHandler):
    """Counts what a handler of the host would write to the disk."""

    sizes: list[int] = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.sizes[-1] += len(raw_data)
        return super().receive_data_chunk(raw_data, start)

    def new_file(self, *args: object, **kwargs: object) -> None:
        self.sizes.append(0)
        super().new_file(*args, **kwargs)


@pytest.fixture
def on_disk(settings) -> Iterator[list[int]]:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Stored"]
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 10_000, "MAX_FILES": 3}
    Stored.sizes.clear()
    yield Stored.sizes
    Stored.sizes.clear()


class TestUploadHandler:
    def test_no_more_than_the_limit_of_a_file_is_kept(self, client, on_disk):
        large, fine = upload_of(b"x" * 900_000, "large.jpg"), upload_of(photo(20, 20), "fine.jpg")
        first, second = bulk_upload(client, large, fine).json()
        assert first["error"].startswith("File too large")
        assert second["status"] == "success"
        assert on_disk[0] == 10_001

    def test_a_file_at_the_limit_is_whole(self, client, on_disk, settings):
        content = photo(20, 20)
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": len(content)}
        assert upload(client, upload_of(content)).json()["byte_size"] == len(content)

    @pytest.mark.parametrize("name", [b"files", b"other"])
    def test_the_form_is_left_at_the_first_file_too_many(self, client, on_disk, name):
        body = form(name, *[b"x" * 100] * 90)
        response = client.generic("POST", f"{ROOT}/acme/bulk-upload/", body, FORM)
        assert (response.status_code, response.json()) == (
            400, {"detail": "Too many files: 4; the maximum is 3.", "code": "too_many_files"},
        )  # fmt: skip
        assert len(on_disk) == 3
        assert stored_keys() == []


class TestMiddleware:
    """A middleware of the host that reads the form before the API does."""

    @pytest.fixture(autouse=True)
    def early_reader(self, settings):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.reading_early"]

    def test_does_not_lose_the_upload(self, client):
        assert upload(client, title="Door").json()["title"] == "Door"
        assert [one["status"] for one in bulk_upload(client, upload_of(photo())).json()] == [
            "success"
        ]
        assert list(Image.objects.order_by("pk").values_list("title", flat=True)) == [
            "Door", "photo.jpg",
        ]  # fmt: skip

    def test_does_not_lift_the_limits(self, client, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 100, "MAX_FILES": 1}
        assert "too large" in upload(client).json()["detail"]
        two = bulk_upload(client, upload_of(photo()), upload_of(photo()))
        assert two.json() == {
            "detail": "Too many files: 2; the maximum is 1.",
            "code": "too_many_files",
        }


def reading_early(get_response):
    def middleware(request):
        request.POST  # noqa: B018
        return get_response(request)

    return middleware


class TestJson:
    @pytest.mark.parametrize("element", ["[]", "{}", "null", "1.5"])
    def test_an_error_of_each_element_does_not_fill_the_memory(self, client, element):
        body = '{"ids":[' + ",".join([element] * 100_000) + "]}"
        tracemalloc.start()
        try:
            response = post(client, "bulk-delete/", body)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert response.status_code == 400
        assert response.json()["detail"].startswith("ids.0")
        assert peak < 40_000_000

    def test_nor_does_one_of_each_unknown_field(self, client):
        body = "{" + ",".join(f'"{number}":0' for number in range(40_000)) + "}"
        tracemalloc.start()
        try:
            response = post(client, "bulk-delete/", body)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert response.json() == {
            "detail": "Unknown field. Allowed fields: ids.",
            "code": "invalid_fields",
        }
        assert peak < 20_000_000


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.operation in
     ("update_image", "bulk_attach", "bulk_detach", "reorder", "update_relation")],
    ids=lambda call: call.operation,
)  # fmt: skip
def test_what_may_not_be_done_is_refused_before_the_body(call, client, image, contact, monkeypatch):
    contact.images.attach(image)
    monkeypatch.setattr(Policy, "may", lambda *args: False)
    paths = {
        "update_image": f"images/{image.pk}/",
        "update_relation": f"{target(contact)}{image.pk}/",
    }
    path = paths.get(call.operation, f"{target(contact)}{call.operation}/")
    method = "PATCH" if call.operation in paths else "POST"
    response = client.generic(method, f"{ROOT}/acme/{path}", "not JSON", "application/json")
    assert (response.status_code, response.json()) == (
        403,
        {"detail": "You do not have permission to do this.", "code": "not_allowed"},
    )
