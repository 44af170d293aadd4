"""The admin of ``docs/own-models.md``, taken literally, in a real browser.

Columns with a default make an empty row look filled in, so rows have to be counted exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.actions import CHROMIUM, CHROMIUM_ARGUMENTS, drop_files
from tests.drawing import photo
from tests.helpers import require
from tests.hosts.own_models.archive.models import Book

pytestmark = pytest.mark.django_db(transaction=True)
PREFIX = "archive-photouse-content_type-object_id"
expect.set_options(timeout=20_000)


@pytest.fixture
def page(live_server, acme, monkeypatch) -> Iterator[Page]:
    """A window of somebody who may do everything, on the page that adds a book."""
    require(CHROMIUM)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    session = client.cookies["sessionid"].value
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS)
        )
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.goto("/admin/archive/book/add/")
        yield page
        browser.close()
        connections.close_all()  # which Django opens for the event loop of Playwright


@pytest.fixture
def files_on_disk(tmp_path) -> list[Path]:
    paths = [tmp_path / f"{name}.jpg" for name in "abc"]
    for path in paths:
        path.write_bytes(photo(300, 200))
    return paths


def rows(page: Page) -> int:
    return int(page.locator(f"#id_{PREFIX}-TOTAL_FORMS").input_value())


def cards(page: Page) -> Locator:
    return page.locator(".polyimages-card")


def drop(page: Page, *paths: Path) -> None:
    drop_files(page.locator(".polyimages-inline-add .polyimages-upload-drop"), *paths)


def save(page: Page) -> None:
    with page.expect_navigation():  # once the files have arrived
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


@pytest.fixture
def named(page) -> Page:
    page.get_by_label("Name").fill("Notes")
    page.get_by_label("Organization").select_option(label="acme")
    return page


def test_a_book_without_photos_can_be_saved(named):
    assert rows(named) == 0
    save(named)
    assert Book.objects.get().images.count() == 0


def test_photos_with_a_column_of_the_host(named, files_on_disk):
    drop(named, *files_on_disk)
    expect(cards(named)).to_have_count(3)
    cards(named).nth(0).get_by_role("button", name="Remove").click()
    assert rows(named) == 2
    assert cards(named).nth(0).locator(f"[name={PREFIX}-0-caption_position]").count() == 1
    assert cards(named).nth(1).locator(f"[name={PREFIX}-1-caption_position]").count() == 1
    cards(named).nth(1).locator("summary").click()
    cards(named).nth(1).get_by_label("Caption position").fill("above")
    save(named)
    book = Book.objects.get()
    assert [one.image.title for one in book.images.all()] == ["b.jpg", "c.jpg"]
    assert [one.caption_position for one in book.images.all()] == ["below", "above"]

    drop(named, files_on_disk[0])
    assert rows(named) == 3
    cards(named).nth(0).get_by_role("checkbox", name="Remove").check()
    save(named)
    assert [one.image.title for one in Book.objects.get().images.all()] == ["c.jpg", "a.jpg"]
