"""Images wait for a worker, which comes when the test says so, and pages ask for them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Locator, Page, Route, expect

from contacts.models import Contact
from django_polyimages.models import Image
from tests.browser import looking
from tests.builders import fake_images, uploaded

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = 200
LIST = "/admin/polyimages/image/"
ANNOUNCED = ".polyimages-unseen[role=status]"
STILL_PENDING = """
    window.asked = [];
    window.fetch = async (_url, { body }) => {
        const pending = body.getAll("image");
        window.asked.push({ at: Date.now(), number: pending.length });
        const status = STATUS;
        if (!status) throw new TypeError("Failed to fetch");
        return { ok: status === 200, status, json: async () => ({ pending, images: [] }) };
    };
"""
"""A server whose images are pending for ever, or that answers with STATUS; 0 is no connection."""
UNTIL_IT_IS_UP = """
    const real = window.fetch;
    window.down = "DOWN";
    window.fetch = async (...request) => {
        if (window.down === "cut off") throw new TypeError("Failed to fetch");
        if (window.down === "failing") return new Response("<h1>Error</h1>", { status: 502 });
        return real(...request);
    };
"""


@pytest.fixture
def few(acme, task_engine) -> Contact:
    contact = Contact.objects.create(organization=acme, name="Ada")
    for name in ("One", "Two", "Three"):
        contact.images.attach(uploaded(acme, 1200, 800, title=name))
    return contact


def admin_page_of(contact: Contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


def marked(page: Page) -> Locator:
    return page.locator("[data-polyimages-pending]")


def worker_comes(page: Page, task_engine) -> None:
    """And the page asks for what is ready, however long it would wait by now."""
    task_engine.work()
    page.clock.fast_forward(60_000)


def test_the_list_shows_what_is_ready_without_a_reload(open_page, few, task_engine):
    page = open_page(LIST)
    requests = looking.Requests(page)
    expect(marked(page)).to_have_count(6)
    page.evaluate("window.isTheSamePage = true")
    page.get_by_role("checkbox", name="Select this object").first.check()
    page.locator("#searchbar").fill("typed")
    worker_comes(page, task_engine)
    expect(marked(page)).to_have_count(0)
    expect(page.locator(".field-state")).to_have_text(["ready"] * 3)
    expect(page.locator("img.polyimages-thumbnail")).to_have_count(3)
    assert looking.broken_pictures(page) == []
    assert page.get_by_role("checkbox", name="Select this object").first.is_checked()
    expect(page.locator("#searchbar")).to_have_value("typed")
    expect(page.locator(ANNOUNCED)).to_have_text("All images on this page are ready.")
    assert page.evaluate("window.isTheSamePage")
    number = len(requests.polls)
    page.clock.run_for(120_000)
    assert len(requests.polls) == number > 0  # nothing is asked for after that


def test_a_page_without_pending_images_asks_for_nothing(open_page, few, task_engine):
    task_engine.work()
    for path in (LIST, admin_page_of(few), f"{LIST}{Image.objects.first().pk}/change/"):
        page = open_page(path)
        requests = looking.Requests(page)
        page.clock.run_for(120_000)
        assert requests.polls == []
        assert page.locator(ANNOUNCED).count() == 0


def test_an_image_that_had_no_version_gets_its_thumbnail(open_page, few, task_engine):
    Image.objects.update(versions={})
    page = open_page(LIST)
    expect(page.locator(".field-thumbnail")).to_have_text(["-"] * 3)
    worker_comes(page, task_engine)
    expect(page.locator(".field-thumbnail img")).to_have_count(3)
    assert looking.broken_pictures(page) == []


def test_the_inline_shows_what_is_ready_and_keeps_what_was_typed(open_page, few, task_engine):
    page = open_page(admin_page_of(few))
    expect(page.locator(".polyimages-card-note")).to_have_text(["pending"] * 3)
    name = page.get_by_label("Name")
    name.fill("Ada Lovelace")
    page.locator(".polyimages-card summary").first.click()
    text = page.locator(".polyimages-card input[name$=custom_title]").first
    text.fill("For this contact")
    worker_comes(page, task_engine)
    expect(marked(page)).to_have_count(0)
    expect(page.locator(".polyimages-card-note:visible")).to_have_count(0)
    pictures = page.locator(".polyimages-card-picture img[srcset]")
    expect(pictures).to_have_count(3)
    assert looking.broken_pictures(page) == []
    assert "_thumb" not in pictures.first.evaluate("image => image.currentSrc")
    expect(text).to_have_value("For this contact")
    expect(text).to_be_focused()
    expect(name).to_have_value("Ada Lovelace")


def test_the_page_of_an_image_shows_its_versions_when_they_are_there(
    open_page, few, task_engine, violations
):
    page = open_page(f"{LIST}{Image.objects.first().pk}/change/")
    picture = page.locator(".polyimages-focal-picture img")
    rows = page.locator(".polyimages-versions tbody tr")
    expect(rows.locator(".polyimages-pending")).to_have_text(["pending"] * 3)
    assert violations(page) == []
    page.get_by_label("Title").fill("Typed")
    page.locator(".polyimages-focal-handle").focus()
    page.keyboard.press("Shift+ArrowRight")
    worker_comes(page, task_engine)
    expect(rows.locator("a")).to_have_count(4)
    expect(marked(page)).to_have_count(0)
    expect(picture).to_have_attribute("srcset", re.compile("_md"))
    expect(page.get_by_label("Title")).to_have_value("Typed")
    expect(page.get_by_label("Focal point from the left")).to_have_value("0.6")
    expect(page.locator(".polyimages-focal-handle")).to_be_focused()
    expect(page.locator(".polyimages-facts .polyimages-ready")).to_have_text("ready")
    assert violations(page) == []


def test_a_button_that_is_replaced_keeps_the_focus(open_page, few, task_engine):
    page = open_page(f"{LIST}{Image.objects.first().pk}/change/")
    button = page.get_by_role("button", name="Regenerate all versions")
    button.focus()
    worker_comes(page, task_engine)
    expect(page.locator(".polyimages-versions tbody a")).to_have_count(4)
    expect(button).to_be_focused()


class TestAPictureThatIsReady:
    """Its file has to be loaded, too."""

    @pytest.fixture
    def held(self, open_page, few) -> Iterator[Callable[..., tuple[Page, list[Route]]]]:
        """``held(path)``: the page, and the requests for new versions, which get no answer."""

        pages: list[Page] = []

        def hold(path: str, *, low: bool = False) -> tuple[Page, list[Route]]:
            page = open_page(path)
            pages.append(page)
            if low:
                page.set_viewport_size({"width": 360, "height": 100})
            assert looking.broken_pictures(page) == []
            waiting: list[Route] = []
            page.route(re.compile("_(sm|md|lg)"), lambda route: waiting.append(route))
            return page, waiting

        yield hold
        for page in pages:
            page.unroute_all()  # a request without an answer would be waited for

    @pytest.mark.parametrize("place", ["inline", "image"])
    def test_replaces_the_old_one_when_it_is_loaded(self, held, few, task_engine, place):
        own = f"{LIST}{Image.objects.first().pk}/change/"
        page, waiting = held({"inline": admin_page_of(few), "image": own}[place])
        before = looking.boxes(page)
        worker_comes(page, task_engine)
        expect(marked(page)).to_have_count(0)
        wait_until(page, lambda: waiting)
        assert looking.broken_pictures(page) == []
        assert looking.boxes(page) == before
        assert page.locator("img[src*=_thumb]").count() == (3 if place == "inline" else 1)
        page.unroute_all()  # which lets those that wait go on
        expect(page.locator("img[src*=_thumb]")).to_have_count(0)
        assert looking.broken_pictures(page) == []

    def test_does_not_replace_the_old_one_if_it_is_broken(self, held, few, task_engine):
        page, waiting = held(admin_page_of(few))
        worker_comes(page, task_engine)
        wait_until(page, lambda: len(waiting) == 3)
        waiting.pop().fulfill(body="", content_type="image/webp")
        page.unroute_all()
        expect(page.locator("img[src*=_thumb]")).to_have_count(1)
        expect(page.locator(".polyimages-card-picture img[srcset]")).to_have_count(2)
        assert looking.broken_pictures(page) == []

    def test_is_loaded_only_near_the_window(self, held, few, task_engine):
        page, waiting = held(admin_page_of(few), low=True)
        worker_comes(page, task_engine)
        expect(marked(page)).to_have_count(0)
        page.wait_for_timeout(500)
        assert waiting == []
        page.locator(".polyimages-card").first.scroll_into_view_if_needed()
        wait_until(page, lambda: waiting)
        page.unroute_all()
        for card in page.locator(".polyimages-card").all():
            card.scroll_into_view_if_needed()
            expect(card.locator("img[srcset]")).to_be_visible()
        assert looking.broken_pictures(page) == []


def wait_until(page: Page, condition: Callable[[], object]) -> None:
    """Until something has happened in Python, while requests of the page are answered."""
    for _time in range(200):
        if condition():
            return
        page.wait_for_timeout(100)
    pytest.fail("It has not happened.")


def test_a_failure_is_shown_and_can_be_tried_again(open_page, few, task_engine):
    image = Image.objects.first()
    page = open_page(f"{LIST}{image.pk}/change/")
    row = Image.objects.filter(pk=image.pk)
    row.update(status="failed", failure_reason="TimeoutError")
    page.clock.fast_forward(60_000)
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(page.locator(".polyimages-facts .polyimages-failed")).to_have_text(
        "failed: TimeoutError"
    )
    expect(page.locator(ANNOUNCED)).to_contain_text("1 failed")
    again.click()
    expect(page.locator(".messagelist")).to_contain_text("will be generated soon")
    worker_comes(page, task_engine)
    expect(page.locator(".polyimages-facts .polyimages-ready")).to_have_text("ready")


@pytest.fixture
def asking(visit, boss):
    """``asking(status)``: the list before a server that always answers so."""

    def ask(status: int = 200) -> Page:
        page = visit("about:blank", boss)
        page.add_init_script(STILL_PENDING.replace("STATUS", str(status)))
        page.clock.install()
        page.goto(f"{LIST}?all=")
        expect(marked(page)).not_to_have_count(0)
        return page

    return ask


def run(page: Page, seconds: int) -> None:
    for _part in range(0, seconds, 5):
        page.clock.run_for(5000)


def test_a_page_asks_once_for_all_and_less_and_less_often(asking, acme):
    fake_images(acme, NUMBER)
    Image.objects.update(status="pending", versions={})
    page = asking()
    assert marked(page).count() == 2 * NUMBER  # picture and status
    run(page, 300)
    asked = page.evaluate("window.asked")
    assert {one["number"] for one in asked} == {NUMBER}
    times = [one["at"] for one in asked]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) >= 7  # even if this machine is slow
    assert all(gap >= 30_000 for gap in gaps[7:])
    expected = [2000 * 1.5**number for number in range(1, 7)]
    assert all(gap >= least for gap, least in zip(gaps, expected, strict=False))


def test_a_page_asks_only_while_it_is_seen(asking, few):
    page = asking()
    run(page, 10)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("window.asked.length = 0")
    run(page, 300)
    assert page.evaluate("window.asked") == []
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    [asked] = page.evaluate("window.asked")
    assert asked["number"] == 3


@pytest.mark.parametrize(
    ("status", "goes_on"),
    [(302, False), (403, False), (404, False), (429, True), (500, True), (503, True), (0, True)],
)
def test_a_page_gives_up_where_the_user_may_not_ask_and_not_where_the_server_fails(
    asking, few, status, goes_on
):
    page = asking(status)
    run(page, 60)
    assert (page.evaluate("window.asked.length") > 1) == goes_on


@pytest.mark.parametrize("down", ["cut off", "failing"])
def test_after_a_failure_of_the_server_the_page_shows_what_is_ready(
    visit, boss, few, task_engine, down
):
    page = visit("about:blank", boss)
    page.add_init_script(UNTIL_IT_IS_UP.replace("DOWN", down))
    page.clock.install()
    page.goto(LIST)
    task_engine.work()
    run(page, 30)
    expect(page.locator(".field-state")).to_have_text(["pending"] * 3)
    page.evaluate("window.down = ''")
    page.clock.fast_forward(60_000)
    expect(page.locator(".field-state")).to_have_text(["ready"] * 3)


def test_who_is_logged_out_stays_on_the_page_and_asks_no_more(open_page, few, task_engine):
    page = open_page(admin_page_of(few))
    requests = looking.Requests(page)
    pages: list[str] = []
    page.on("requestfinished", lambda one: pages.append(urlsplit(one.url).path))
    page.get_by_label("Name").fill("Ada Lovelace")
    Session.objects.all().delete()
    task_engine.work()
    page.clock.fast_forward(60_000)
    wait_until(page, lambda: requests.polls)
    run(page, 120)
    assert len(requests.polls) == 1
    assert "/admin/login/" not in pages  # which would be drawn for nobody
    expect(page.get_by_label("Name")).to_have_value("Ada Lovelace")
    expect(page.locator(".polyimages-card-note")).to_have_text(["pending"] * 3)
