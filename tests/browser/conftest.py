"""A real browser before the running example project: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from django_polyimages import storage
from tests.browser.actions import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.drawing import BLUE, GREEN, RED, to_bytes
from tests.helpers import require


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Started once, and gone before tests elsewhere run: its event loop is in their thread."""
    require(CHROMIUM)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS)
        )
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def files(settings, tmp_path) -> FileSystemStorage:
    """A folder of this test alone, from which the live server serves media files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = settings.STORAGES | {"polyimages": backend}
    found = storage.get_storage()
    assert isinstance(found, FileSystemStorage)
    return found


@pytest.fixture
def visit(browser, live_server) -> Iterator[Callable[..., Page]]:
    """``visit(path, user)`` opens a page in a window of its own.

    The test fails if a page has an error: of a script, or on the console as what does not load.
    Keywords are options of the window: ``java_script_enabled=False``.
    """
    contexts, complaints = [], []

    def open_window(path: str, user: User | None = None, **options) -> Page:
        size = {"width": 1280, "height": 900}
        context = browser.new_context(base_url=live_server.url, **({"viewport": size} | options))
        contexts.append(context)
        context.set_default_timeout(4_000)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda told: complaints.extend(_complaint(told)))
        page = context.new_page()
        page.goto(path)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def _complaint(told: ConsoleMessage) -> list[str]:
    return [f"{told.location['url']}: {told.text}"] if told.type in ("error", "warning") else []


@pytest.fixture
def photos(tmp_path) -> dict[str, Path]:
    """Three JPEG files of one colour each, by its name."""
    from PIL import Image

    made = {}
    for name, colour in {"red": RED, "green": GREEN, "blue": BLUE}.items():
        made[name] = tmp_path / f"{name}.jpg"
        made[name].write_bytes(to_bytes(Image.new("RGB", (900, 600), colour)))
    return made


@pytest.fixture
def boss(db) -> User:
    """May do everything in the admin."""
    return User.objects.create_superuser("boss", password="secret")
