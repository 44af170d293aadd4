"""How many requests and queries an upload in steps costs."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.pipeline.rollback import wait_for_removals
from tests.api.calls import post
from tests.drawing import photo
from tests.uploads.test_hostile import complete, incoming_of

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = photo() + b"\0" * 9 * 1024 * 1024
"""Above 8 MiB, from where boto3 divides files into parts."""


@pytest.fixture
def requests(s3_place) -> list[str]:
    """The requests to S3, as ``"PUT key"``."""
    sent: list[str] = []

    def watch(request, **kwargs):
        sent.append(f"{request.method} {request.url.partition(s3_place.name)[2][1:]}")

    events = storage.get_storage().bucket.meta.client.meta.events
    events.register("before-send.s3", watch)
    return sent


def queries(captured: CaptureQueriesContext) -> list[str]:
    """The statements that concern this package, as ``"UPDATE polyimages_image"``."""
    found = []
    for query in captured:
        words = re.match(r"(SELECT|INSERT|UPDATE|DELETE)\b.*?[\"`](polyimages_\w+)", query["sql"])
        if words:
            found.append(" ".join(words.groups()))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("content", [photo(), LARGE], ids=["small", "large"])
def test_completing_is_one_get_and_the_puts_and_one_delete(
    s3_place, client, begin, requests, content
):
    told = begin(content)
    assert requests == []
    s3_place.put(told, content)
    key = incoming_of(told)
    assert complete(client, told) == (200, "")
    assert wait_for_removals(10)
    puts = {f"PUT {one}" for one in Image.objects.get().keys}
    assert len(puts) == 5
    assert requests[0] == f"GET {key}"
    assert set(requests[1:6]) == puts
    assert requests[6:] == [f"DELETE {key}"]


def test_beginning_is_two_queries(disk_place, client):
    with CaptureQueriesContext(connection) as captured:
        post(client, "uploads/", {"name": "a.jpg", "size": 9})
    assert queries(captured) == [
        "SELECT polyimages_pendingupload",
        "INSERT polyimages_pendingupload",
    ]


def test_completing_is_two_queries_more_than_an_upload(disk_place, client, begin):
    told = begin(photo())
    disk_place.put(told, photo())
    with CaptureQueriesContext(connection) as captured:
        complete(client, told)
    assert queries(captured) == [
        "SELECT polyimages_pendingupload",
        "UPDATE polyimages_pendingupload",
        "INSERT polyimages_image",
    ]


def test_sending_is_one_query(disk_place, begin):
    told = begin(photo())
    with CaptureQueriesContext(connection) as captured:
        disk_place.put(told, photo())
    assert len(captured) == 1
