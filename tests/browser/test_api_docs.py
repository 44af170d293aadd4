"""The interactive docs of the API, with "Try it out", as somebody who is logged in uses them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from django_polyimages.models import Image
from tests.builders import uploaded

pytestmark = pytest.mark.django_db(transaction=True)


def opened(page: Page, operation: str) -> Locator:
    block = page.locator(f"[id$='{operation}']")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    return block


def execute(block: Locator, **path: object) -> Locator:
    """Fill in the path, send the request, and return the status of the response."""
    for name, value in path.items():
        block.get_by_placeholder(name).fill(str(value))
    block.locator(".btn.execute").click()
    return block.locator(".live-responses-table .response-col_status").last


def test_a_change_with_what_the_page_fills_in_is_saved(visit, acme, editor):
    image = uploaded(acme)
    block = opened(visit("/api/v1/docs", editor), "images_update_image")
    expect(execute(block, org_slug="acme", image_id=image.pk)).to_contain_text("200")
    image.refresh_from_db()
    assert image.title == "Front door"


def test_an_upload_gets_no_text_that_the_page_made_up(visit, acme, editor, photos):
    block = opened(visit("/api/v1/docs", editor), "images_upload")
    block.locator("input[type=file]").set_input_files(photos["red"])
    expect(execute(block, org_slug="acme")).to_contain_text("200")
    image = Image.objects.get()
    assert (image.title, image.alt_text, image.description) == ("red.jpg", "", "")
