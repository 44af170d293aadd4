from __future__ import annotations

import gc
import weakref

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_polyimages.models import Image
from django_polyimages.operations import pages as module
from django_polyimages.operations.pages import pages
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def test_pages_hold_every_row_once_in_order(acme, monkeypatch):
    keys = [image.pk for image in fake_images(acme, 7)]
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    with CaptureQueriesContext(connection) as queries:
        found = [[image.pk for image in page] for page in pages(Image.objects.all())]
    assert found == [keys[:3], keys[3:6], keys[6:]]
    assert len(queries) == 4


def test_rows_with_the_same_value_of_a_column_are_in_one_page_each_too(acme, monkeypatch):
    keys = [image.pk for image in fake_images(acme, 7)]
    Image.objects.filter(pk__in=keys[:2]).update(width=900)
    Image.objects.filter(pk__in=keys[2:]).update(width=700)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    rows = pages(Image.objects.all(), by="width")
    found = [[image.pk for image in page] for page in rows]
    assert found == [keys[2:5], [*keys[5:], keys[0]], [keys[1]]]


def test_the_rows_of_a_page_do_not_wait_for_the_garbage_collector(acme):
    fake_images(acme, 1)
    gc.disable()
    try:
        [seen] = [
            [(weakref.ref(image), image.file.name) for image in page]
            for page in pages(Image.objects.all())
        ]
        assert [image() for image, _name in seen] == [None]
    finally:
        gc.enable()
