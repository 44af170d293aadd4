from __future__ import annotations

import re

import pytest

from django_polyimages.admin.library.columns import inside_box, thumbnail_of
from django_polyimages.models import Image
from tests.admin.conftest import LIST
from tests.builders import uploaded

pytestmark = pytest.mark.django_db


def titles(page) -> list[str]:
    return re.findall(r'field-name"><a [^>]*>([^<]*)<', page.content.decode())


def test_the_list_shows_thumbnails_at_their_size(admin_client, image):
    page = admin_client.get(LIST).content.decode()
    thumb = image.versions["thumb"]
    assert f'src="{thumb.url}" width="80" height="60"' in page
    assert 'alt="photo"' in page  # a link needs an accessible name
    assert "400\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}300" in page


def test_an_image_without_a_thumbnail_is_listed_with_its_reason(admin_client, image):
    Image.objects.update(versions={}, status="failed", failure_reason="OSError")
    page = admin_client.get(LIST).content.decode()
    assert image.title in page
    assert "_thumb" not in page
    assert '<span class="polyimages-failed">failed: OSError</span>' in page


def test_the_smallest_version_stands_in_for_one_called_thumb(image):
    assert thumbnail_of(image) == image.versions["thumb"]
    image.versions = {"lg": image.versions["lg"], "sm": image.versions["thumb"]}
    assert thumbnail_of(image) == image.versions["sm"]
    image.versions = {}
    assert thumbnail_of(image) is None


@pytest.mark.parametrize(
    ("size", "shown"),
    [((160, 120), (80, 60)), ((20, 10), (20, 10)), ((5000, 1), (80, 1)), ((3, 300), (1, 80))],
)
def test_a_picture_is_made_to_fit_and_never_enlarged(size, shown):
    assert inside_box(*size, 80) == shown


class TestSeveral:
    @pytest.fixture(autouse=True)
    def images(self, acme, other, contact, product):
        used, plain, odd = (
            uploaded(one, *size, title=title)
            for one, title, size in (
                (acme, "Used", (40, 30)),
                (acme, "Plain", (400, 300)),
                (other, "Odd", (80, 60)),
            )
        )
        contact.images.attach(used)
        product.images.attach(used)
        contact.images.attach(odd, allow_foreign=True)
        Image.objects.filter(pk=plain.pk).update(alt_text="A gate", status="failed")

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("", {"Used", "Plain", "Odd"}),
            ("used=1", {"Used", "Odd"}),
            ("used=0", {"Plain"}),
            ("described=1", {"Plain"}),
            ("described=0", {"Used", "Odd"}),
            ("status__exact=failed", {"Plain"}),
            ("media_type=image/png", set()),
            ("q=GATE", {"Plain"}),
            ("used=1&described=0&q=odd", {"Odd"}),
        ],
    )
    def test_are_filtered_and_searched(self, admin_client, query, wanted):
        found = titles(admin_client.get(f"{LIST}?{query}"))
        assert sorted(found) == sorted(wanted)  # each only once, even if several objects use it

    def test_are_counted_for_each_filter(self, admin_client):
        page = admin_client.get(f"{LIST}?_facets=True").content.decode()
        assert "unused (1)" in page
        assert "without alternative text (2)" in page

    @pytest.mark.parametrize(
        ("column", "wanted"),
        [
            (2, ["Odd", "Plain", "Used"]),
            (4, ["Used", "Odd", "Plain"]),
            (6, ["Plain", "Odd", "Used"]),
        ],
    )
    def test_are_sorted_by_title_size_and_use(self, admin_client, column, wanted):
        assert titles(admin_client.get(f"{LIST}?o={column}")) == wanted

    def test_say_how_often_they_are_used(self, admin_client):
        page = admin_client.get(f"{LIST}?o=6").content.decode()
        assert re.findall(r'field-uses">(\d)<', page) == ["0", "1", "2"]
