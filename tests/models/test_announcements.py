from __future__ import annotations

import pytest
from django.db import transaction

from django_polyimages.models import Image
from django_polyimages.signals import image_ready
from tests.builders import uploaded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard():
    """What a receiver saw: whether a transaction was open. It raises afterwards."""
    heard: list[bool] = []

    def receive(sender, image, **_kwargs):
        heard.append(transaction.get_connection().in_atomic_block)
        raise RuntimeError

    image_ready.connect(receive)
    yield heard
    image_ready.disconnect(receive)


def test_receivers_are_called_after_the_commit_and_cannot_undo_it(acme, heard):
    with transaction.atomic():
        uploaded(acme)
        assert heard == []
    assert heard == [False]
    assert Image.objects.count() == 1


def test_nothing_is_announced_that_is_rolled_back(acme, heard):
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        uploaded(acme)
        raise ValueError("no")
    assert heard == []


def test_a_regeneration_is_announced_once(acme, heard):
    image = uploaded(acme)
    heard.clear()
    Image.objects.regenerate(image, everything=True)
    Image.objects.regenerate(image)  # nothing is left to do
    assert heard == [False]
