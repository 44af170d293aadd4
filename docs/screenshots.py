"""``make screenshots``: the pictures of these pages, taken from the running demo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "docs" / "screenshots"
MANAGE = [sys.executable, str(PROJECT / "example_project" / "manage.py")]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1280, "height": 800}
HEIGHT = 1600
"""Pixels: what is further down is cut off."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with demo() as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.add_init_script("localStorage['django.admin.navSidebarIsOpen'] = 'false'")
        log_in(page, root)
        page.goto(f"{root}/admin/polyimages/image/")
        keep(page, "list")
        open_first(page, f"{root}/admin/polyimages/image/?q=Desert", "#result_list .field-name a")
        keep(page, "image")
        open_first(page, f"{root}/admin/contacts/contact/?q=Mara", "#result_list .field-name a")
        keep(page, "inline")
        page.emulate_media(color_scheme="dark")
        keep(page, "inline-dark")
        browser.close()


def open_first(page: Page, address: str, link: str) -> None:
    page.goto(address)
    page.locator(link).first.click()
    page.wait_for_load_state("networkidle")


def log_in(page: Page, root: str) -> None:
    page.goto(f"{root}/admin/login/?next=/admin/")
    page.fill("#id_username", "demo")
    page.fill("#id_password", "demo")
    page.click("[type=submit]")


def keep(page: Page, name: str) -> None:
    """The page as a PNG with a palette: below 150 kB, with photographs on it too."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    shot = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    shot = shot.crop((0, 0, shot.width, min(shot.height, HEIGHT)))
    shot.quantize(256, kmeans=1).save(FOLDER / f"{name}.png", optimize=True)


@contextmanager
def demo() -> Iterator[str]:
    """The example project with its pictures, on a database and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "MEDIA_ROOT": f"{folder}/media",
        }
        subprocess.run([*MANAGE, "demo", "--no-server"], env=environment, check=True)
        root = f"http://127.0.0.1:{free_port()}"
        serve = [*MANAGE, "runserver", "--noreload", root.removeprefix("http://")]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(serve, env=environment, stdout=log, stderr=log)
            try:
                wait_for(root)
                yield root
            finally:
                server.kill()
                server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(root: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(root, timeout=5).close()  # noqa: S310 (our own server)
            return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main()
