"""What ``{% picture %}`` makes a browser load, and what a Content-Security-Policy must allow."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from tests.browser.actions import drop_files
from tests.builders import uploaded
from tests.documents import DOCS, blocks_of

pytestmark = pytest.mark.django_db(transaction=True)
LINKED = VersionSpec("lg", 100, 100, mode="fill")
"""What the gallery links to; not one of those that its pictures offer, which are 320px wide."""


def loaded(page: Page) -> str:
    """The version and the format that the browser has chosen, such as ``large.webp``."""
    picture = page.locator("main img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    return re.sub(r".*/img_[^_]+_", "", picture.evaluate("image => image.currentSrc"))


@pytest.mark.parametrize("reverse", [False, True])
def test_each_screen_loads_the_smallest_file_of_the_best_format(
    visit, settings, contact, acme, reverse
):
    [block] = [
        one for one in blocks_of(DOCS / "guides/versions.md", "python") if "AVIF" in one.code
    ]
    names: dict[str, Any] = {}
    exec(block.code, names)
    specs = names["POLYIMAGES"]["VERSIONS"]
    settings.POLYIMAGES = settings.POLYIMAGES | {
        "VERSIONS": [*(specs[::-1] if reverse else specs), LINKED]
    }
    contact.images.attach(uploaded(acme, 2000, 1500))
    for density, file in ((1, "medium_avif.avif"), (2, "medium_avif.avif"), (3, "large_avif.avif")):
        phone = {"viewport": {"width": 400, "height": 900}, "device_scale_factor": density}
        assert loaded(visit("/", **phone)) == file


def test_a_gap_makes_phones_load_the_large_file(visit, settings, contact, acme):
    """What the check W047 warns of."""
    settings.POLYIMAGES = settings.POLYIMAGES | {
        "VERSIONS": [
            VersionSpec("medium", 640, 640),
            VersionSpec("large", 1600, 1600),
            VersionSpec("large_avif", 1600, 1600, format="AVIF"),
            LINKED,
        ]
    }
    contact.images.attach(uploaded(acme, 2000, 1500))
    phone = {"viewport": {"width": 400, "height": 900}, "device_scale_factor": 2}
    assert loaded(visit("/", **phone)) == "large_avif.avif"


def send_policy(page: Page, more: str) -> None:
    """Pages come with a policy that allows the site's own files and ``more``. ``visit`` fails if
    that is not enough.
    """

    def answer(route: Route) -> None:
        response = route.fetch()
        policy = {"content-security-policy": f"default-src 'self'; {more}"}
        route.fulfill(response=response, headers=response.headers | policy)

    # Of pages alone: a file that is sent would lose its content on the way.
    unchanged = re.compile(r"\.(webp|css|js|svg)$|/uploads/")
    page.route(lambda url: not unchanged.search(url), answer)


def directives(beginning: str) -> str:
    """What the guide says in the row of its table that starts like this."""
    page = (DOCS / "guides/templates.md").read_text()
    lines = page.partition("## Content-Security-Policy")[2].splitlines()
    [row] = [line for line in lines if line.startswith(f"| {beginning}")]
    found: dict[str, list[str]] = {}
    for directive in re.findall(r"`([^`]+)`", row.split("|")[2]):
        name, *values = directive.split()
        found.setdefault(name, ["'self'"] if name == "img-src" else []).extend(values)
    return "; ".join(" ".join([name, *values]) for name, values in found.items())


@pytest.mark.parametrize("kind", ["preview", "color", "none"])
def test_the_table_says_what_a_picture_needs(visit, settings, exhibition, kind):
    settings.POLYIMAGES = settings.POLYIMAGES | {"PLACEHOLDER": kind}
    Image.objects.filter(title="Dawn").update(versions={})
    page = visit("about:blank")
    send_policy(page, directives(f'`"{kind}"`'))
    page.goto("/")
    pictures = page.locator("main img")
    expect(pictures).to_have_count(8)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0


def test_the_table_says_what_the_upload_field_needs(visit, settings, contact, editor, photos):
    settings.POLYIMAGES = settings.POLYIMAGES | {"PLACEHOLDER": "none"}
    page = visit("about:blank", editor)
    send_policy(page, directives("The upload field"))
    page.goto(contact.get_absolute_url())
    drop_files(page.locator(".polyimages-upload-drop"), *photos.values())
    expect(page.locator(".polyimages-upload-picture img").first).to_have_js_property(
        "naturalWidth", 400
    )
    # All have arrived, or the end of the test would meet a request.
    expect(page.get_by_role("status").filter(has_text="3 of 3")).to_be_visible()
