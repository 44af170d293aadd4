from __future__ import annotations

import pytest

from django_polyimages import VersionSpec
from django_polyimages.admin.library import details
from django_polyimages.models import Image
from django_polyimages.specs import DEFAULT_VERSIONS, FocalPoint
from tests.admin.conftest import LIST
from tests.builders import uploaded

pytestmark = pytest.mark.django_db


def test_versions_say_what_is_wrong_with_them(image, settings):
    specs = [VersionSpec("thumb", 80, 80), DEFAULT_VERSIONS[1], VersionSpec("square", 9, 9)]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
    rows = {row.name: row for row in details.version_rows(Image.objects.get())}
    assert {name: row.note for name, row in rows.items()} == {
        "thumb": "outdated",
        "sm": "",
        "square": "missing",
        "lg": "no longer in the settings",
        "md": "no longer in the settings",
    }
    assert "WEBP 80, fit" in rows["square"].spec_summary
    assert (rows["square"].pixels, rows["lg"].spec_summary) == ("-", "-")


def test_versions_of_a_pending_image_are_pending_and_not_wrong(acme, task_engine):
    rows = details.version_rows(uploaded(acme))
    assert [(row.note, row.is_pending) for row in rows] == [("", False)] + [("pending", True)] * 3


def test_a_pending_picture_is_as_large_on_the_page_as_it_will_be(acme, task_engine):
    image = uploaded(acme, 1600, 800)
    html = details.shown_picture(image)
    assert 'class="polyimages-awaited"' in html
    assert 'height="320"' in html
    assert f'src="{image.versions["thumb"].url}" width="640"' in html
    image.status = "failed"
    assert details.shown_picture(image) == html  # nothing moves
    image.status = "ready"
    assert "polyimages-awaited" not in details.shown_picture(image)


def test_a_crop_is_what_the_version_will_show(image, square):
    image.focal_x, image.focal_y = 0.75, 0.1
    [crop] = details.crops(image)
    left, upper, right, lower = square.target(400, 300, FocalPoint(0.75, 0.1)).crop
    assert crop.view_box == f"{left} {upper} {right - left} {lower - upper}" == "100 0 300 300"
    assert (crop.shown_width, crop.shown_height) == (100, 100)


def test_the_page_shows_crops_and_the_point(admin_client, square, image):
    Image.objects.update(focal_x=0.125)
    html = admin_client.get(f"{LIST}{image.pk}/change/").content.decode()
    assert '<circle cx="12.5%" cy="50%"' in html
    assert 'viewBox="0 0 300 300"' in html
    assert f'<image href="{details.shown_url(image)}" width="400" height="300"' in html


def test_numbers_are_for_the_browser_in_every_language(admin_client, square, image, settings):
    settings.LANGUAGE_CODE = "de"
    settings.USE_THOUSAND_SEPARATOR = True
    Image.objects.update(focal_x=0.125, width=4000, height=3000)
    html = admin_client.get(f"{LIST}{image.pk}/change/").content.decode()
    assert '<circle cx="12.5%" cy="50%"' in html
    assert 'data-width="4000" data-height="3000"' in html
    assert 'name="focal_x" value="0.125"' in html


def test_without_a_version_that_cuts_off_edges_the_page_says_so(admin_client, image):
    html = admin_client.get(f"{LIST}{image.pk}/change/").content.decode()
    assert "No versions are cropped at present." in html
    assert "polyimages-crop" not in html


def test_the_picture_is_the_narrowest_version_that_is_wide_enough(acme):
    image = uploaded(acme, 1200, 900)
    assert details.shown_url(image) == image.versions["sm"].url
    image.versions = {"thumb": image.versions["thumb"]}
    assert details.shown_url(image) == image.versions["thumb"].url
    image.versions = {}
    assert details.shown_url(image) == ""
