"""200 images wait for a worker, which comes when the test says so."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from contacts.models import Contact
from django_polyimages.models import Image
from tests.builders import uploaded

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = 200
LIST = "/admin/polyimages/image/"
ANNOUNCED = ".polyimages-unseen[role=status]"
BROKEN = """async () => {
    const images = [...document.images];
    for (const image of images) image.loading = "eager";
    await Promise.allSettled(images.map((image) => image.decode()));
    return images.filter((image) => !image.naturalWidth).map((image) => image.outerHTML);
}"""
"""The pictures of a page that cannot be shown, also of those below the window."""


STILL_PENDING = """
    window.asked = [];
    window.fetch = async (_url, { body }) => {
        const pending = body.getAll("image");
        window.asked.push(pending.length);
        const status = Number("STATUS") || 200;
        return { ok: status === 200, status, json: async () => ({ pending, images: [] }) };
    };
"""
"""A server whose images are pending for ever, or that answers with STATUS."""


@pytest.fixture
def crowd(acme, task_engine) -> Contact:
    """A contact with 200 images, all pending."""
    contact = Contact.objects.create(organization=acme, name="Ada")
    images = [uploaded(acme, title=f"Image {number}") for number in range(NUMBER)]
    contact.images.attach_many(images)
    return contact


@pytest.fixture
def few(acme, task_engine) -> Contact:
    contact = Contact.objects.create(organization=acme, name="Ada")
    for name in ("One", "Two", "Three"):
        contact.images.attach(uploaded(acme, 1200, 800, title=name))
    return contact


@pytest.fixture
def polls(visit) -> Callable[[Page], list[str]]:
    """``polls(page)``: a list that grows by each request of the page for pending images."""

    def watch(page: Page) -> list[str]:
        seen: list[str] = []
        page.on("request", lambda one: "/pending/" in one.url and seen.append(one.url))
        return seen

    return watch


def admin_page_of(contact: Contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


def marked(page: Page) -> Locator:
    return page.locator("[data-polyimages-pending]")


def test_no_page_shows_a_broken_picture_while_200_images_wait(
    visit, boss, violations, crowd, task_engine
):
    assert len(task_engine.waiting()) == NUMBER
    number_of_pictures = {
        "/": NUMBER,
        f"/contacts/{crowd.pk}/": NUMBER,
        LIST: 100,
        f"{LIST}?p=2": 100,
        f"{LIST}?all=": NUMBER,
        admin_page_of(crowd): 50,
        f"{LIST}{Image.objects.first().pk}/change/": 1,
    }
    for path, number in number_of_pictures.items():
        page = visit(path, boss)
        assert page.evaluate(BROKEN) == [], path
        assert page.locator("img[src*='/media/']").count() == number, path
        if path.startswith("/admin"):
            assert violations(page) == []
        page.close()


def test_the_list_shows_what_is_ready_without_a_reload(visit, boss, polls, few, task_engine):
    page = visit(LIST, boss)
    seen = polls(page)
    expect(marked(page)).to_have_count(6)
    page.evaluate("window.isTheSamePage = true")
    page.get_by_role("checkbox", name="Select this object").first.check()
    page.locator("#searchbar").fill("typed")
    task_engine.work()
    expect(marked(page)).to_have_count(0)
    expect(page.locator(".field-state")).to_have_text(["ready"] * 3)
    expect(page.locator("img.polyimages-thumbnail")).to_have_count(3)
    assert page.evaluate(BROKEN) == []
    assert page.get_by_role("checkbox", name="Select this object").first.is_checked()
    expect(page.locator("#searchbar")).to_have_value("typed")
    expect(page.locator(ANNOUNCED)).to_have_text("All images on this page are ready.")
    assert page.evaluate("window.isTheSamePage")
    number = len(seen)
    page.clock.install()
    page.clock.run_for(120_000)
    assert len(seen) == number  # nothing is asked any more


def test_the_inline_shows_what_is_ready_and_keeps_what_was_typed(visit, boss, few, task_engine):
    page = visit(admin_page_of(few), boss)
    expect(page.locator(".polyimages-card-note")).to_have_text(["pending"] * 3)
    name = page.get_by_label("Name")
    name.fill("Ada Lovelace")
    page.locator(".polyimages-card summary").first.click()
    text = page.locator(".polyimages-card input[name$=custom_title]").first
    text.fill("For this contact")
    task_engine.work()
    expect(marked(page)).to_have_count(0)
    expect(page.locator(".polyimages-card-note:visible")).to_have_count(0)
    pictures = page.locator(".polyimages-card-picture img[srcset]")
    expect(pictures).to_have_count(3)
    expect(pictures.first).to_have_js_property("complete", True)
    assert pictures.first.evaluate("image => image.currentSrc").count("_thumb") == 0
    expect(text).to_have_value("For this contact")
    expect(text).to_be_focused()
    expect(name).to_have_value("Ada Lovelace")


def test_the_page_of_an_image_shows_its_versions_when_they_are_there(
    visit, boss, few, task_engine, violations
):
    page = visit(f"{LIST}{Image.objects.first().pk}/change/", boss)
    picture = page.locator(".polyimages-focal-picture img")
    before = picture.bounding_box()
    rows = page.locator(".polyimages-versions tbody tr")
    expect(rows.locator(".polyimages-pending")).to_have_text(["pending"] * 3)
    assert violations(page) == []
    page.get_by_label("Title").fill("Typed")
    page.locator(".polyimages-focal-handle").focus()
    page.keyboard.press("Shift+ArrowRight")
    task_engine.work()
    expect(rows.locator("a")).to_have_count(4)
    expect(marked(page)).to_have_count(0)
    expect(picture).to_have_attribute("srcset", re.compile("_md"))
    assert picture.bounding_box() == pytest.approx(before, abs=1)  # nothing moves
    expect(page.get_by_label("Title")).to_have_value("Typed")
    expect(page.get_by_label("Focal point from the left")).to_have_value("0.6")
    expect(page.locator(".polyimages-focal-handle")).to_be_focused()
    expect(page.locator(".polyimages-facts .polyimages-ready")).to_have_text("ready")
    assert violations(page) == []


def test_a_failure_is_shown_and_can_be_tried_again(visit, boss, few, task_engine):
    image = Image.objects.first()
    page = visit(f"{LIST}{image.pk}/change/", boss)
    row = Image.objects.filter(pk=image.pk)
    row.update(status="failed", failure_reason="TimeoutError")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(page.locator(".polyimages-facts .polyimages-failed")).to_have_text(
        "failed: TimeoutError"
    )
    expect(page.locator(ANNOUNCED)).to_contain_text("1 failed")
    again.click()
    expect(page.locator(".messagelist")).to_contain_text("will be generated soon")
    task_engine.work()
    expect(page.locator(".polyimages-facts .polyimages-ready")).to_have_text("ready")


def test_a_page_asks_once_for_all_less_and_less_often_and_only_while_it_is_seen(visit, boss, crowd):
    page = visit("about:blank", boss)
    page.add_init_script(STILL_PENDING)
    page.clock.install()
    page.goto(f"{LIST}?all=")
    expect(marked(page)).to_have_count(2 * NUMBER)

    def asked_in(seconds: int) -> list[int]:
        """The number of images in each request."""
        page.evaluate("window.asked = []")
        for _second in range(seconds):
            page.clock.run_for(1000)
        asked: list[int] = page.evaluate("window.asked")
        return asked

    assert asked_in(1) == []
    assert asked_in(2) == [NUMBER]
    assert 3 <= len(asked_in(30)) <= 6
    assert 1 <= len(asked_in(60)) <= 3
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    asked_in(1)
    assert asked_in(120) == []
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("window.asked") == [NUMBER]


@pytest.mark.parametrize(("status", "goes_on"), [(403, False), (302, False), (503, True)])
def test_a_page_gives_up_where_the_user_may_not_ask_and_not_where_the_server_fails(
    visit, boss, few, status, goes_on
):
    page = visit("about:blank", boss)
    page.add_init_script(STILL_PENDING.replace("STATUS", str(status)))
    page.clock.install()
    page.goto(LIST)
    expect(marked(page)).to_have_count(6)
    for _second in range(60):
        page.clock.run_for(1000)
    assert page.evaluate("window.asked.length > 1") == goes_on
