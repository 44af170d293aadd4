"""Every endpoint answers with what the OpenAPI document says, though nothing checks that there."""

from __future__ import annotations

import json

import pytest
from django.http import JsonResponse
from pydantic import ValidationError

from django_polyimages.api.endpoints import endpoints
from tests.api.answers import check, checked, endpoint_of
from tests.api.calls import CALLS, ROOT, bulk_upload, get, patch, post, target, upload
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db
ANSWERING = {one.view.__name__ for one in endpoints() if one.answer and one.is_documented}


@pytest.fixture
def attached(image, contact):
    contact.images.attach(image)
    return image


@pytest.mark.parametrize("operation", sorted(ANSWERING))
def test_each_endpoint(operation, client, attached, contact):
    [call] = [one for one in CALLS if one.operation == operation]
    response = checked(call.send(client, attached, contact, "acme"))
    assert response.status_code == 200
    asked = response.request
    endpoint = endpoint_of(asked["REQUEST_METHOD"], asked["PATH_INFO"])
    assert endpoint.view.__name__ == operation  # which is what it was compared with


def test_lists_of_more_than_a_page_and_of_nothing(client, attached, acme, contact):
    upload(client)
    for page in (get(client, limit=1), get(client, title="zebra"), get(client, target(contact))):
        checked(page)
    assert get(client, limit=1).json()["next"]


def test_images_with_and_without_what_may_be_missing(client, attached, contact, task_engine):
    pending = upload(client, title="", alt_text="A door", description="Green").json()
    assert pending["status"] == "pending"
    type(attached).objects.update(versions={}, creator=None, file_name="", placeholder="")
    assert get(client).json()["items"][0]["placeholder"] is None
    options = {"custom_title": "Ours", "order": None, "is_cover": True}
    checked(patch(client, f"{target(contact)}{attached.pk}/", options))


def test_files_that_are_accepted_and_refused(client, acme):
    answers = bulk_upload(client, upload_of(photo()), upload_of(b"text")).json()
    assert [one["status"] for one in answers] == ["success", "error"]


def test_a_key_with_a_slash(client, attached, contact):
    response = post(client, f"{target(contact)}reorder/", {"image_ids": [attached.pk]})
    assert checked(response).json()["count"] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.pop("alt_text"),
        lambda image: image.update(secret=1),
        lambda image: image.update(width="1"),
        lambda image: image.update(status="lost"),
        lambda image: image["versions"]["sm"].pop("url"),
        lambda image: image["versions"]["sm"].update(key="x"),
        lambda image: image.update(created_at="yesterday"),
    ],
)
def test_this_check_finds_what_differs(client, image, change):
    endpoint = endpoint_of("GET", f"{ROOT}/acme/images/1/")
    body = get(client, f"images/{image.pk}/").json()
    check(json.dumps(body).encode(), endpoint.answer)
    change(body)
    with pytest.raises((ValidationError, AssertionError)):
        check(JsonResponse(body).content, endpoint.answer)
