"""What a person would see of the pictures of a page, asked of the browser."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

_LOOK_AT_ALL = """async () => {
    const broken = [];
    const images = [...document.images];
    for (const image of images) {
        if (broken.length >= 5) break;
        if (!image.checkVisibility()) image.loading = "eager";
        image.scrollIntoView({ block: "center", behavior: "instant" });
        const late = new Promise((resolve) => setTimeout(resolve, 20_000));
        await Promise.race([image.decode().catch(() => {}), late]);
        if (!image.naturalWidth) broken.push(image.outerHTML);
    }
    scrollTo(0, 0);
    return broken;
}"""
_BOXES = """() => [...document.images].map((image) => {
    const { x, y, width, height } = image.getBoundingClientRect();
    return [x + scrollX, y + scrollY, width, height].map(Math.round);
})"""
_WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const { sources } of list.getEntries()) {
            for (const { node, previousRect, currentRect } of sources) {
                const from = JSON.stringify(previousRect), to = JSON.stringify(currentRect);
                const html = (node?.outerHTML ?? node?.textContent ?? "").slice(0, 99);
                window.shifts.push(`${html}: ${from} -> ${to}`);
            }
        }
    }).observe({ type: "layout-shift", buffered: true });
"""


def broken_pictures(page: Page) -> list[str]:
    """The HTML of those that the browser cannot show, after each was scrolled into view."""
    found: list[str] = page.evaluate(_LOOK_AT_ALL)
    return found


def addresses_of_files(page: Page) -> set[str]:
    """The addresses of all media files that the page names: also those that this browser does not
    choose of a ``srcset``, and those that it links to.
    """
    return set(re.findall(r"/media/([^\s\"',)]+)", page.content()))


def boxes(page: Page) -> list[list[int]]:
    """Left, upper, width and height of each picture, in the document."""
    found: list[list[int]] = page.evaluate(_BOXES)
    return found


def watch_shifts(page: Page) -> None:
    """Call it before a page is loaded, for ``shifts()``."""
    page.add_init_script(_WATCH_SHIFTS)


def forget_shifts(page: Page) -> None:
    """Those so far, as while a page is loaded."""
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    page.evaluate("window.shifts.length = 0")


def shifts(page: Page) -> list[str]:
    """What has moved by itself, from where and to where."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    found: list[str] = page.evaluate("window.shifts")
    return found


class Requests:
    """The requests of a page: those that went wrong, and those that ask for pending images."""

    def __init__(self, page: Page) -> None:
        self.failed: list[str] = []
        self.polls: list[str] = []
        page.on("request", self._note)
        page.on("requestfailed", lambda one: self.failed.append(f"{one.url}: {one.failure}"))
        page.on(
            "response",
            lambda one: one.status >= 400 and self.failed.append(f"{one.url}: {one.status}"),
        )

    def _note(self, request: Request) -> None:
        if urlsplit(request.url).path.endswith("/pending/"):
            self.polls.append(request.url)
