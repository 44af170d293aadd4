"""A real browser before the running example project: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage
from django.core.handlers.base import BaseHandler
from django.test import Client
from PIL import Image as Pillow
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import storage
from django_polyimages.models import Image
from gallery import samples
from tests.browser import looking
from tests.browser.actions import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.drawing import BLUE, GREEN, RED, to_bytes, upload_of
from tests.helpers import require

PATIENCE = 20_000
"""Milliseconds: what a busy machine may need for what a person sees at once."""
expect.set_options(timeout=PATIENCE)
DJANGO = ("#header", "#nav-sidebar", "#toggle-nav-sidebar", "#changelist-filter", ".submit-row")
"""Parts of the page that Django's admin draws."""
END_TRANSITIONS = """async () => {
    await new Promise(requestAnimationFrame);
    document.getAnimations().forEach((animation) => animation.finish());
}"""


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


@pytest.fixture(scope="session")
def npm(tmp_path_factory) -> Path:
    """The folder of the packages that ``package.json`` names."""
    require(Path(shutil.which("npm") or "npm"))
    folder = tmp_path_factory.mktemp("npm")
    shutil.copy(Path(__file__).parent / "package.json", folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "node_modules"


@pytest.fixture(autouse=True)
def files(settings, tmp_path) -> FileSystemStorage:
    """A folder of this test alone, from which the live server serves media files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = settings.STORAGES | {"polyimages": backend}
    found = storage.get_storage()
    assert isinstance(found, FileSystemStorage)
    return found


class Bodies:
    """Counts the bytes of all requests to Django, whose views run one after the other here: SQLite
    in memory has one connection for all threads.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.lock = threading.Lock()


@pytest.fixture
def bodies(monkeypatch) -> Bodies:
    counted = Bodies()
    respond = BaseHandler.get_response

    def count(handler, request):
        with counted.lock:
            counted.sizes.append(int(request.META.get("CONTENT_LENGTH") or 0))
            return respond(handler, request)

    monkeypatch.setattr(BaseHandler, "get_response", count)
    return counted


@pytest.fixture
def complaints() -> list[str]:
    """The errors of pages that ``visit`` has opened. A test takes away those that it expects."""
    return []


@pytest.fixture
def visit(browser, live_server, bodies, complaints) -> Iterator[Callable[..., Page]]:
    """``visit(path, user)`` opens a page in a window of its own.

    The test fails if a page has an error: of a script, or on the console as what does not load.
    Keywords are options of the window: ``java_script_enabled=False``.
    """
    contexts = []

    def open_window(path: str, user: User | None = None, **options) -> Page:
        size = {"width": 1280, "height": 900}
        context = browser.new_context(base_url=live_server.url, **({"viewport": size} | options))
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
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
        for page in context.pages:
            page.unroute_all(behavior="wait")  # a late answer would fail the test after this one
        context.close()
    assert complaints == []


@pytest.fixture
def open_page(visit, boss) -> Callable[[str], Page]:
    """``open_page(path)``: its clock can be put forward, and it notes what moves."""

    def open_it(path: str) -> Page:
        page: Page = visit("about:blank", boss)
        page.clock.install()
        looking.watch_shifts(page)
        page.goto(path)
        return page

    return open_it


def _complaint(told: ConsoleMessage) -> list[str]:
    return [f"{told.location['url']}: {told.text}"] if told.type in ("error", "warning") else []


@pytest.fixture(scope="session")
def drawings() -> list[bytes]:
    """Pictures of the demo in small: two lying, one upright, and one square and see-through."""
    lying, upright = (1600, 1200), (1200, 1600)
    return [
        samples.as_jpeg(samples.landscape(samples.DAWN, 1, lying)),
        samples.as_jpeg(samples.landscape(samples.DUSK, 3, upright), held_upright=True),
        samples.as_jpeg(samples.vase((40, 110, 140), (214, 206, 196), 1, lying)),
        samples.as_png(samples.lamp().resize((1200, 1200))),
    ]


@pytest.fixture
def exhibition(acme, drawings) -> None:
    """A contact and a product, each with all of the drawings."""
    titles = ("Dawn", "Dusk", "Vase", "Lamp")
    images = [
        Image.objects.upload(upload_of(content, title), organization=acme, alt_text=title)
        for title, content in zip(titles, drawings, strict=True)
    ]
    ada = Contact.objects.create(organization=acme, name="Ada")
    lamp = Product.objects.create(organization=acme, name="Lamp")
    for image in images:
        ada.images.attach(image, is_cover=image.title == "Dusk")
        lamp.images.attach(image)


@pytest.fixture
def photos(tmp_path) -> dict[str, Path]:
    """Three JPEG files of one colour each, by its name."""
    made = {}
    for name, colour in {"red": RED, "green": GREEN, "blue": BLUE}.items():
        made[name] = tmp_path / f"{name}.jpg"
        made[name].write_bytes(to_bytes(Pillow.new("RGB", (900, 600), colour)))
    return made


@pytest.fixture
def boss(db) -> User:
    """May do everything in the admin."""
    return User.objects.create_superuser("boss", password="secret")


@pytest.fixture
def violations(npm):
    """``violations(page)``: the rules that the page breaks, light or dark, and where."""
    script = (npm / "axe-core" / "axe.min.js").read_text()

    def find(page: Page, inside: str = "#content") -> list[str]:
        page.evaluate(script)
        context = {"include": [[inside]], "exclude": [[selector] for selector in DJANGO]}
        found = []
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.evaluate(END_TRANSITIONS)
            result = page.evaluate("context => axe.run(context)", context)
            found += [
                f"{theme}: {rule['id']}: {node['html']} {node['failureSummary']}"
                for rule in result["violations"]
                for node in rule["nodes"]
            ]
        return found

    return find
