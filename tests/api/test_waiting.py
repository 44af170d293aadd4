"""``Retry-After``: where it is, and how many seconds it says."""

from __future__ import annotations

import pytest

from django_polyimages.models import Image
from tests.api.calls import bulk_upload, get, patch, post, target, upload
from tests.builders import uploaded
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(acme, task_engine) -> Image:
    return uploaded(acme)


def seconds(response) -> str | None:
    assert response.status_code == 200, response.content
    return response.headers.get("Retry-After")


def test_an_upload_says_when_to_ask_again(client, acme, task_engine):
    response = upload(client)
    body = response.json()
    assert (body["status"], list(body["versions"])) == ("pending", ["thumb"])
    assert body["placeholder"].startswith("data:image/")
    assert seconds(response) == "5"


def test_every_answer_that_shows_a_pending_image_says_so(client, pending, contact):
    contact.images.attach(pending)
    one = f"images/{pending.pk}/"
    every = target(contact)
    answers = {
        "one": get(client, one),
        "list": get(client),
        "patch": patch(client, one, {"title": "Door"}),
        "objects": get(client, every),
        "relation": patch(client, f"{every}{pending.pk}/", {"is_cover": True}),
        "reorder": post(client, f"{every}reorder/", {"image_ids": [pending.pk]}),
        "bulk upload": bulk_upload(client, upload_of(photo()), upload_of(b"no image")),
    }
    assert {name: seconds(answer) for name, answer in answers.items()} == dict.fromkeys(
        answers, "5"
    )


def test_a_bulk_upload_has_the_same_results_as_ever(client, acme, task_engine):
    [result] = bulk_upload(client, upload_of(photo())).json()
    image = Image.objects.get()
    assert result == {"status": "success", "id": image.pk, "file": image.key}


def test_an_answer_without_one_has_no_header(client, image, contact, task_engine):
    contact.images.attach(image)
    for response in (get(client), get(client, f"images/{image.pk}/"), get(client, target(contact))):
        assert seconds(response) is None
    refused = bulk_upload(client, upload_of(b"no image"))
    assert seconds(refused) is None


@pytest.mark.parametrize(
    ("attempts", "expected"), [(0, "5"), (1, "10"), (2, "20"), (3, "40"), (4, "60"), (32767, "60")]
)
def test_the_more_often_it_was_tried_the_longer_it_takes(client, pending, attempts, expected):
    Image.objects.update(attempts=attempts)
    assert seconds(get(client, f"images/{pending.pk}/")) == expected


def test_a_list_waits_for_the_first_of_its_images(client, pending, acme):
    Image.objects.update(attempts=3)
    uploaded(acme)
    assert seconds(get(client)) == "5"
    failed = Image.objects.order_by("pk").first()
    assert seconds(get(client, f"images/{failed.pk}/")) == "40"
