"""Completions at the same time; on SQLite, threads share no database in memory."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from django_polyimages.models import Image, PendingUpload
from tests.drawing import photo
from tests.races.test_over_http import at_once
from tests.uploads.places import keys_of_rows
from tests.uploads.test_hostile import complete

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="no second connection"),
]
THREADS = 8


@pytest.fixture
def clients(editor) -> list[Client]:
    clients = [Client() for _ in range(THREADS)]
    for client in clients:
        client.force_login(editor)
    return clients


def test_eight_completions_make_one_image(place, clients, begin):
    told = begin(photo())
    place.put(told, photo())
    answers = at_once(*(lambda one=one: complete(one, told) for one in clients))
    assert sorted(answers) == [(200, "")] + [(409, "used")] * (THREADS - 1)
    assert Image.objects.count() == 1
    assert place.listing() == keys_of_rows()


def test_eight_sendings_store_one_file(disk_place, begin):
    told = begin(photo())
    statuses = at_once(*(lambda: disk_place.put(told, photo()) for _ in range(THREADS)))
    assert sorted(statuses) == [204] + [412] * (THREADS - 1)
    assert disk_place.listing() == [PendingUpload.objects.get().key]
