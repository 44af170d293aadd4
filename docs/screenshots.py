"""Takes the screenshots for the documentation, of the demo on a temporary database, with Chromium.

``make screenshots`` writes ``docs/screenshots/*.png``, in light and dark mode.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).resolve().parent
MANAGE = [sys.executable, str(DOCS.parent / "example_project" / "manage.py")]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WINDOW = {"width": 1280, "height": 900}
SETTINGS = """
from config.settings import *
from django_polyimages.specs import DEFAULT_VERSIONS, VersionSpec
versions = [*DEFAULT_VERSIONS, VersionSpec("square", 320, 320, mode="fill")]
POLYIMAGES = POLYIMAGES | {"VERSIONS": versions}
"""


def gallery(page: Page) -> None:
    page.goto("/")


def inline(page: Page) -> None:
    page.goto("/admin/contacts/contact/")
    page.get_by_role("link", name="Mara Lind, guide").click()


def library(page: Page) -> None:
    inline(page)
    page.get_by_role("button", name="Choose from the library").click()
    page.get_by_role("dialog").get_by_role("button", name="Mist").click()
    page.get_by_role("dialog").get_by_role("button", name="Vase, sea blue").click()


def images(page: Page) -> None:
    page.goto("/admin/polyimages/image/")


def image(page: Page) -> None:
    images(page)
    page.get_by_role("link", name="Dawn above the pass").last.click()
    page.locator(".polyimages-focal-picture").click(position={"x": 180, "y": 192})


def regenerate(page: Page) -> None:
    images(page)
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option(label="Regenerate versions")
    page.locator(".actions button").click()
    page.get_by_label("All versions").check()
    page.get_by_role("button", name="Regenerate versions").click()
    page.locator(".polyimages-count", has_text="3 of 8 done").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Continue").wait_for()


PICTURES: dict[str, Callable[[Page], None]] = {
    "gallery": gallery,
    "inline": inline,
    "library": library,
    "list": images,
    "image": image,
    "regenerate": regenerate,
}
LIGHT_ONLY = {"library", "regenerate"}
WHOLE_PAGE = {"inline", "list", "image"}
HEIGHT = 2200
"""The maximum height of a screenshot in pixels; longer pages are cropped."""


def main() -> None:
    (DOCS / "screenshots").mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, demo(Path(folder)) as root, sync_playwright() as tool:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for scheme in ("light", "dark"):
            page = browser.new_page(base_url=root, viewport=WINDOW, color_scheme=scheme)
            page.add_init_script("localStorage['django.admin.navSidebarIsOpen'] = 'false'")
            log_in(page)
            for name, prepare in PICTURES.items():
                if scheme == "light" or name not in LIGHT_ONLY:
                    prepare(page)
                    page.wait_for_load_state("networkidle")
                    ending = "" if scheme == "light" else "-dark"
                    shot = page.screenshot(full_page=name in WHOLE_PAGE)
                    keep(shot, DOCS / "screenshots" / f"{name}{ending}.png")
        browser.close()


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run the demo in ``folder``; yields its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / "screenshot_settings.py").write_text(SETTINGS)
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "screenshot_settings",
        "MEDIA_ROOT": str(folder / "media"),
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
    }
    subprocess.run([*MANAGE, "demo", "--no-server"], env=environment, check=True)
    serve = [*MANAGE, "runserver", "--noreload", address]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(serve, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://{address}/")
            yield f"http://{address}"
        finally:
            server.kill()
            server.wait()


def wait_for(url: str, seconds: int = 60) -> None:
    for _ in range(seconds * 5):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 (the server started above)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(url)


def log_in(page: Page) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Contacts").first.wait_for()


def keep(screenshot: bytes, path: Path) -> None:
    """Save with a palette, which saves more than half of the bytes."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, HEIGHT)))
    palette = picture.quantize(256, kmeans=2)
    picture.quantize(palette=palette).save(path, optimize=True)


if __name__ == "__main__":
    main()
