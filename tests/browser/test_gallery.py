"""The example's public pages: pictures as a browser loads them, and the form that adds some."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.actions import drop_files, overflow

pytestmark = pytest.mark.django_db(transaction=True)

WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts.push(entry.value);
    }).observe({ type: "layout-shift", buffered: true });
"""
LOADED = """images => images.map((image) => ({
    alt: image.alt,
    shown: image.getBoundingClientRect().width,
    file: image.currentSrc,
    candidates: image.srcset.split(", ").map((one) => one.split(" ")),
    sized: image.hasAttribute("width") && image.hasAttribute("height"),
}))"""


def _scroll_through(page: Page) -> None:
    """So that pictures that load lazily do."""
    for picture in page.locator("main img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)


def test_each_picture_loads_the_narrowest_version_that_is_sharp(visit, exhibition):
    for width, density in ((1280, 1), (1280, 2), (400, 1), (400, 2)):
        window = {"viewport": {"width": width, "height": 900}, "device_scale_factor": density}
        page = visit("/", **window)
        _scroll_through(page)
        pictures = page.locator("main img").evaluate_all(LOADED)
        assert len(pictures) == 8
        for picture in pictures:
            assert picture["sized"], picture
            root = page.url.rstrip("/")
            widths = {root + url: int(told[:-1]) for url, told in picture["candidates"]}
            needed = picture["shown"] * density
            sharp = [wide for wide in widths.values() if wide >= needed]
            assert widths[picture["file"]] == min(sharp), picture
            assert widths[picture["file"]] <= 2 * needed, picture
        assert overflow(page) == 0


def test_nothing_moves_while_pictures_load(visit, exhibition):
    page = visit("about:blank")
    page.add_init_script(WATCH_SHIFTS)
    waiting: list[Route] = []
    page.route("**/*.webp", lambda route: waiting.append(route))
    page.goto("/", wait_until="domcontentloaded")
    first = page.locator("main img").first
    assert not first.evaluate("image => image.complete"), "it is on its way"
    box = first.bounding_box()
    assert box["width"] == 320
    assert box["height"] == 240
    assert "data:image/webp" in first.evaluate("image => getComputedStyle(image).backgroundImage")
    last = page.locator("main img").last.bounding_box()

    page.route("**/*.webp", lambda route: route.continue_())
    for route in waiting:
        route.continue_()
    page.wait_for_load_state("networkidle")
    assert page.locator("main img").last.bounding_box() == last
    _scroll_through(page)
    assert page.evaluate("window.shifts") == []


def test_an_editor_drops_three_files(visit, editor, contact, photos):
    page = visit(contact.get_absolute_url(), editor)
    expect(page.get_by_text("No images yet.")).to_be_visible()
    drop_files(page.locator(".polyimages-upload-drop"), *photos.values())
    chosen = page.locator("p.polyimages-upload-of")
    expect(chosen).to_have_text(["red.jpg", "green.jpg", "blue.jpg"])
    page.get_by_role("button", name="Upload").click()
    shown = page.locator("section > ul img")
    expect(shown).to_have_count(3)
    _scroll_through(page)
    assert all(
        width > 0 for width in shown.evaluate_all("all => all.map((one) => one.naturalWidth)")
    )
    titles = [relation.image.title for relation in contact.images.all()]
    assert titles == ["red.jpg", "green.jpg", "blue.jpg"]


def test_a_wrong_file_is_told_and_does_not_stop_the_others(
    visit, editor, contact, photos, tmp_path
):
    (tmp_path / "notes.txt").write_text("No picture.")
    (tmp_path / "fake.jpg").write_text("No picture.")
    page = visit(contact.get_absolute_url(), editor)
    wrong = tmp_path / "notes.txt", tmp_path / "fake.jpg"
    drop_files(page.locator(".polyimages-upload-drop"), *wrong, photos["red"])
    told = "Unsupported image format. Supported formats: JPEG, PNG, WEBP, GIF, AVIF."
    problems = page.locator(".polyimages-upload-problem")
    expect(problems).to_have_text([f"notes.txt: {told}", f"fake.jpg: {told}"])
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("section > ul img")).to_have_count(1)
    assert [relation.image.title for relation in contact.images.all()] == ["red.jpg"]


def test_without_scripts_files_are_chosen(visit, editor, contact, photos):
    page = visit(contact.get_absolute_url(), editor, java_script_enabled=False)
    expect(page.get_by_text("or drop images here")).to_be_hidden()
    page.get_by_label("Add images").set_input_files(list(photos.values()))
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("section ul img")).to_have_count(3)
