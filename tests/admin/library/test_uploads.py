from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import Client

from django_polyimages.models import Image, PendingUpload
from tests.drawing import photo
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db

URL = "/admin/polyimages/image/uploads/"
CONTENT = photo()


def login(user: User) -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(user)
    return client


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def staff(boss) -> Client:
    return login(boss)


def begin(client: Client, **changes):
    file = {"name": "door.jpg", "size": len(CONTENT), "type": "image/jpeg"} | changes
    return client.post(URL, json.dumps(file), content_type="application/json")


def send(place, content: bytes = CONTENT):
    """As a browser does it; neither cookies nor a CSRF token are needed."""
    kind = place["headers"]["Content-Type"]
    return Client(enforce_csrf_checks=True).put(place["url"], content, content_type=kind)


def test_a_file_becomes_an_image_with_what_the_form_says(staff, boss, acme, files):
    place = begin(staff).json()
    assert place["method"] == "PUT"
    assert send(place).status_code == 204
    data = {"organization": acme.pk, "title": "", "alt_text": "A door"}
    response = staff.post(f"{URL}{place['id']}/complete/", data)
    assert response.status_code == 200
    image = Image.objects.get()
    assert response.json() == {"id": str(image.pk)}
    assert (image.title, image.alt_text, image.organization) == ("door.jpg", "A door", acme)
    assert (image.creator, image.byte_size) == (boss, len(CONTENT))
    again = staff.post(f"{URL}{place['id']}/complete/", data)
    assert (again.status_code, again.json()["code"]) == (409, "used")
    assert Image.objects.count() == 1


def test_the_form_says_what_is_missing_and_the_file_stays(staff, acme):
    place = begin(staff).json()
    send(place)
    response = staff.post(f"{URL}{place['id']}/complete/", {"title": "Door"})
    assert response.status_code == 400
    assert response.json() == {"detail": "Organization: This field is required."}
    response = staff.post(f"{URL}{place['id']}/complete/", {"organization": acme.pk})
    assert response.status_code == 200


def test_what_is_no_image_is_refused_and_gone(staff, acme, files):
    text = b"x" * 500
    place = begin(staff, size=len(text)).json()
    assert send(place, text).status_code == 204
    response = staff.post(f"{URL}{place['id']}/complete/", {"organization": acme.pk})
    assert response.status_code == 400
    assert "Unsupported image format" in response.json()["detail"]
    assert not Image.objects.exists()
    assert stored_keys(files, "images-incoming") == []


@pytest.mark.parametrize(
    ("content", "status"), [(CONTENT + b"!", 400), (CONTENT[:-1], 400)], ids=["long", "short"]
)
def test_another_file_than_announced_is_refused(staff, files, content, status):
    response = send(begin(staff).json(), content)
    assert (response.status_code, response.json()["code"]) == (status, "other_file")
    assert stored_keys(files, "images-incoming") == []


def test_a_place_takes_one_file_and_only_with_its_own_token(staff):
    place, other = begin(staff).json(), begin(staff).json()
    token = other["url"].partition("?")[2]
    wrong = place | {"url": f"{URL}{place['id']}/file/?{token}"}
    assert send(wrong).status_code == 403
    assert send(place | {"url": f"{URL}{place['id']}/file/"}).status_code == 403
    assert send(place).status_code == 204
    assert send(place).status_code == 412
    assert staff.get(place["url"]).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_client_sends(staff, monkeypatch):
    real, seen = WSGIRequest.read, []

    def watched(*args):
        seen.append(connection.in_atomic_block)
        return real(*args)

    place = begin(staff).json()
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    monkeypatch.setattr(WSGIRequest, "read", watched)
    assert send(place).status_code == 204
    assert set(seen) == {False}


def test_a_connection_that_is_lost_is_no_error_of_the_server(staff, files):
    class Lost:
        def read(self, *size: int) -> bytes:
            raise ConnectionResetError

        readline = read

    place = begin(staff).json()
    broken = {"wsgi.input": Lost()}
    response = Client().put(place["url"], CONTENT, content_type="image/jpeg", **broken)
    assert (response.status_code, response.content) == (400, b"")
    assert stored_keys(files, "images-incoming") == []


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "{", '{"name": "door.jpg"}', '{"name": 1, "size": 1}', "\xff",
     '{"name": "door.jpg", "size": "1"}', '{"name": "door.jpg", "size": true}',
     '{"name": "door.jpg", "size": 1, "type": null}', "[" * 9999, '{"a":' * 1600],
)  # fmt: skip
def test_what_describes_no_file_is_refused(staff, body):
    response = staff.post(URL, body.encode("latin-1"), content_type="application/json")
    assert response.status_code == 400
    assert response.json()["detail"] == "Send a JSON object with the name and the size of a file."


def test_a_wrong_file_is_told_before_it_is_sent(staff, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 1000}
    assert begin(staff, size=1001).json()["code"] == "too_large"
    assert begin(staff, size=10, type="text/html").status_code == 400
    assert begin(staff, size=0).json()["code"] == "empty"
    assert begin(staff, size=-1).json()["code"] == "empty"
    assert begin(staff, size=10**400).json()["code"] == "too_large"
    assert not PendingUpload.objects.exists()


def test_a_cancelled_upload_is_gone(staff, acme, files):
    place = begin(staff).json()
    send(place)
    assert len(stored_keys(files, "images-incoming")) == 1
    assert staff.delete(f"{URL}{place['id']}/").status_code == 204
    response = staff.post(f"{URL}{place['id']}/complete/", {"organization": acme.pk})
    assert (response.status_code, response.json()["code"]) == (404, "upload_gone")
    assert staff.delete(f"{URL}{uuid4()}/").status_code == 204
    assert staff.get(f"{URL}{place['id']}/").status_code == 405


def test_an_upload_belongs_to_who_has_begun_it(staff, acme):
    place = begin(staff).json()
    send(place)
    stranger = login(User.objects.create_superuser("stranger"))
    assert stranger.delete(f"{URL}{place['id']}/").status_code == 204
    response = stranger.post(f"{URL}{place['id']}/complete/", {"organization": acme.pk})
    assert response.status_code == 404
    response = staff.post(f"{URL}{place['id']}/complete/", {"organization": acme.pk})
    assert response.status_code == 200


def test_who_may_not_add_images_uploads_none(acme):
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_image"))
    client = login(looker)
    assert begin(client).status_code == 403
    assert client.delete(f"{URL}{uuid4()}/").status_code == 403
    assert client.post(f"{URL}{uuid4()}/complete/").status_code == 403
    assert not PendingUpload.objects.exists()


def test_cancelling_and_beginning_need_a_csrf_token(boss):
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    assert begin(client).status_code == 403
    assert client.delete(f"{URL}{uuid4()}/").status_code == 403
