from __future__ import annotations

import re
from unittest import mock

import pytest
from django.contrib.admin import ModelAdmin, site
from django.contrib.admin.templatetags import admin_urls
from django.contrib.admin.views.main import ChangeList

from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.library.changelist import ImageChangeList
from django_polyimages.models import Image
from tests.admin.conftest import LIST
from tests.builders import fake_images

pytestmark = pytest.mark.django_db
QUERIES = [
    "",
    "?all=",
    "?q=a+b%26c",
    "?organization={}&described=0&o=-3.1",
    "?q=\N{LATIN SMALL LETTER E WITH ACUTE}&_popup=1&_to_field=id",
]


def rows(client, query: str) -> str:
    page = client.get(f"{LIST}{query}").content.decode()
    return re.search(r"<tbody.*</tbody>", page, re.DOTALL)[0]


@pytest.mark.parametrize("query", QUERIES)
def test_rows_are_those_of_djangos_own_list(admin_client, acme, monkeypatch, query):
    for number, image in enumerate(fake_images(acme, 3)):
        image.title = f"a b&c \N{LATIN SMALL LETTER E WITH ACUTE} {number}"
        image.save()
    query = query.format(acme.pk)
    made = rows(admin_client, query)
    assert made.count("<tr") == 3
    monkeypatch.setattr(ImageAdmin, "get_changelist", lambda *_args: ChangeList)
    assert made == rows(admin_client, query)


def test_no_address_is_resolved_for_a_row(admin_client, acme):
    def resolved() -> int:
        with mock.patch.object(admin_urls, "resolve", wraps=admin_urls.resolve) as resolve:
            admin_client.get(f"{LIST}?organization={acme.pk}")
        return resolve.call_count

    fake_images(acme, 1)
    before = resolved()
    fake_images(acme, 5)
    assert resolved() == before


def test_the_list_of_another_admin_class_stays_whatever_the_order_of_the_bases(rf):
    class Own(ChangeList):
        pass

    class WithOwn(ModelAdmin):
        def get_changelist(self, request, **kwargs):
            return Own

    for bases in [(ImageAdmin, WithOwn), (WithOwn, ImageAdmin)]:
        both = type("Both", bases, {})(Image, site)
        assert both.get_changelist(rf.get("/")) is Own
    assert ImageAdmin(Image, site).get_changelist(rf.get("/")) is ImageChangeList
