"""What hands do that Playwright has no word for."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Locator, Page

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
FILES = 1  # the bit of DragOperationsMask that says "copy"


def drop_files(target: Locator, *paths: Path) -> None:
    """Drop files of the disk, as the system's file manager does: events that can be trusted."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": FILES}
    session = target.page.context.new_cdp_session(target.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    session.detach()


def drag(handle: Locator, target: Locator, *, across: float = 0.5, down: float = 0.5) -> None:
    """Drag by the mouse, in steps, to a place inside of ``target`` given as parts of its size."""
    page = handle.page
    handle.hover()
    page.mouse.down()
    box = target.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
    page.mouse.move(x, y, steps=6)
    page.mouse.move(x + 1, y)
    page.mouse.up()


def touch_and_drag(handle: Locator, target: Locator, *, down: float = 0.5) -> None:
    """Drag by a finger, in steps, to ``down`` of the height of ``target``."""
    handle.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    x = start["x"] + start["width"] / 2
    y, to = start["y"] + start["height"] / 2, end["y"] + end["height"] * down
    session = handle.page.context.new_cdp_session(handle.page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 7):
        touch("touchMove", {"x": x, "y": y + (to - y) * step / 6})
    touch("touchEnd")
    session.detach()


def overflow(page: Page) -> int:
    """By how many CSS pixels the page is wider than its window."""
    wide: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
