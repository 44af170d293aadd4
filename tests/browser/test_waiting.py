"""200 uploads wait in Django's task framework for a worker that does not run."""

from __future__ import annotations

import itertools
import re
from base64 import b64encode

import pytest
from playwright.sync_api import Page, expect

from contacts.models import Contact
from django_polyimages import VersionSpec
from django_polyimages.models import Image
from django_polyimages.specs import DEFAULT_VERSIONS
from organizations.models import Membership
from tests.browser import looking
from tests.drawing import photo, quarters, to_bytes, upload_of
from tests.tasks import dummy

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER, AGAIN = 200, 40
LIST = "/admin/polyimages/image/"
SPECS = [
    *DEFAULT_VERSIONS,
    VersionSpec("avif", 320, 320, format="AVIF"),
    VersionSpec("square", 200, 200, mode="fill"),
]
WHOLE = b64encode(to_bytes(quarters(4, 4), "PNG")).decode()
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 3}
TABLET = {"viewport": {"width": 800, "height": 1000}, "device_scale_factor": 2}
LAPTOP = {"viewport": {"width": 1280, "height": 900}, "device_scale_factor": 1}
SCREEN = {"viewport": {"width": 1920, "height": 1080}, "device_scale_factor": 1.5}


def drawings() -> list[bytes]:
    """Of many shapes and formats: lying, upright, wide, tall, tiny and see-through. Sides of small
    versions are rounded, and browsers take the proportions from the file: here within a pixel.
    """
    return [
        photo(1200, 900),
        photo(900, 1200, orientation=6),
        photo(400, 300),
        photo(300, 400),
        photo(1800, 200),
        photo(225, 900),
        photo(24, 16),
        to_bytes(quarters(500, 500, "RGBA"), "PNG"),
        to_bytes(quarters(640, 480), "WEBP"),
        to_bytes(quarters(320, 240), "GIF"),
    ]


@pytest.fixture
def queue(settings) -> None:
    settings.TASKS = {"media": {"BACKEND": dummy.DUMMY, "QUEUES": ["default", "images"]}}
    chosen = {"GENERATE": "task", "TASK_BACKEND": "media", "TASK_QUEUE": "images"}
    settings.POLYIMAGES = settings.POLYIMAGES | chosen | {"VERSIONS": SPECS}


def contact_with(number: int, organization) -> Contact:
    contact = Contact.objects.create(organization=organization, name="Ada")
    contents = itertools.islice(itertools.cycle(drawings()), number)
    for place, content in enumerate(contents):
        upload = upload_of(content, f"Image {place}")
        contact.images.attach(Image.objects.upload(upload, organization=organization))
    return contact


@pytest.fixture
def crowd(acme, queue) -> Contact:
    """A contact with 200 images, all pending: 160 uploads, and 40 that have all versions but those
    of a new focal point.
    """
    contact = contact_with(NUMBER, acme)
    assert len(dummy.enqueued()) == NUMBER
    waiting = dummy.enqueued()[AGAIN:]
    del dummy.enqueued()[AGAIN:]
    dummy.work()
    for image in Image.objects.filter(status="ready"):
        Image.objects.set_focal_point(image, 0.1, 0.5)
    dummy.enqueued().extend(waiting)
    return contact


@pytest.fixture
def ten(acme, queue) -> Contact:
    """A contact with one image of each kind, all pending."""
    return contact_with(len(drawings()), acme)


def admin_page_of(contact: Contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


@pytest.fixture
def look_at(visit, boss, files):
    """``look_at(path, number)`` opens a page of ``number`` pictures, and fails if the browser
    cannot show one, if the page names a file that is not there or if any request fails.
    """

    def look(path: str, number: int, act=lambda _page: None, **window) -> None:
        page = visit("about:blank", boss, **window)
        requests = looking.Requests(page)
        page.goto(path)
        act(page)
        assert looking.broken_pictures(page) == [], (path, window)
        assert page.locator("img:not([src^='/static/'])").count() == number, path
        missing = {key for key in looking.addresses_of_files(page) if not files.exists(key)}
        assert missing == set(), path
        assert requests.failed == [], path
        page.close()

    return look


@pytest.mark.parametrize("window", [PHONE, TABLET, LAPTOP, SCREEN])
def test_no_public_page_shows_a_broken_picture(look_at, ten, window):
    """Of each kind of image: the widths and densities decide which version the browser takes."""
    for image in Image.objects.all()[::2]:
        dummy.work_for(image)
        Image.objects.set_focal_point(image, 0.1, 0.5)
    assert not Image.objects.exclude(status="pending").exists()
    look_at("/", 10, **window)
    look_at(ten.get_absolute_url(), 10, **window)


def test_no_page_shows_a_broken_picture_while_200_tasks_wait(look_at, crowd, boss, acme):
    Membership.objects.create(user=boss, organization=acme, role="viewer")
    statuses = Image.objects.values_list("status", flat=True)
    assert list(statuses) == ["pending"] * NUMBER
    assert len(dummy.enqueued()) == NUMBER
    newest, oldest = Image.objects.order_by("-pk")[:1].get(), Image.objects.order_by("pk")[:1].get()
    assert (len(newest.versions), len(oldest.versions)) == (1, len(SPECS))
    look_at("/", NUMBER, **PHONE)
    look_at(crowd.get_absolute_url(), NUMBER, **SCREEN)
    for window in (LAPTOP, PHONE):
        look_at(f"{LIST}?all=", NUMBER, **window)
    look_at(f"{LIST}?p=2", 100)
    for image in (newest, oldest):
        look_at(f"{LIST}{image.pk}/change/", 1)
    for page in (1, 4):
        path = f"{admin_page_of(crowd)}?images_page={page}"
        look_at(path, 50)
        look_at(path, 50, **PHONE, java_script_enabled=False)
    look_at("/admin/contacts/contact/add/", NUMBER, act=open_picker)
    number = (NUMBER - AGAIN) + AGAIN * len(SPECS)
    look_at("/login/", number, act=draw_what_the_api_gives)


def open_picker(page: Page) -> None:
    """All pages of it."""
    page.get_by_role("button", name="Choose from the library").click()
    shown = page.locator(".polyimages-library-images img")
    for number in range(24, NUMBER, 24):
        expect(shown).to_have_count(number)
        page.get_by_role("button", name="Show more").click()
    expect(shown).to_have_count(NUMBER)


def draw_what_the_api_gives(page: Page) -> None:
    """As a page that a script makes of it: each version of each image."""
    page.set_content("<main></main>")
    page.evaluate("""async () => {
        const answer = await fetch("/api/v1/images/orgs/acme/images/?limit=200");
        const { items } = await answer.json();
        const versions = items.flatMap((item) => Object.values(item.versions));
        for (const { url, width, height } of versions) {
            const image = document.createElement("img");
            Object.assign(image, { loading: "lazy", src: url, width, height });
            document.body.append(image);
        }
    }""")


def worker_comes(page: Page) -> None:
    """And the page asks for what is ready."""
    dummy.work()
    page.clock.fast_forward(60_000)
    expect(page.locator("[data-polyimages-pending]")).to_have_count(0)


def admin_pages(contact: Contact) -> dict[str, str]:
    image = Image.objects.order_by("pk")[:1].get()
    return {
        "list": LIST,
        "inline": admin_page_of(contact),
        "image": f"{LIST}{image.pk}/change/",
    }


@pytest.mark.parametrize("place", ["list", "inline", "image"])
def test_nothing_moves_when_pictures_are_swapped(open_page, ten, place):
    page = open_page(admin_pages(ten)[place])
    assert looking.broken_pictures(page) == []
    before = looking.boxes(page)
    looking.forget_shifts(page)
    worker_comes(page)
    assert looking.broken_pictures(page) == []  # having scrolled to each
    if place != "list":  # which shows the same version before and after
        expect(page.locator(":is(img[src*=_thumb], image[href*=_thumb])")).to_have_count(0)
        assert looking.broken_pictures(page) == []
    assert looking.boxes(page) == before
    assert looking.shifts(page) == []


@pytest.mark.parametrize("place", ["list", "inline", "image"])
def test_what_is_pending_and_what_failed_is_for_everybody(open_page, ten, place, violations):
    """The reason of a failure may be long; the rules are those of axe, in light and dark."""
    page = open_page(admin_pages(ten)[place])
    assert violations(page) == []
    before = looking.boxes(page)
    reason = "StorageUnavailable: The storage did not respond within 10 seconds"
    Image.objects.update(status="failed", failure_reason=reason)
    page.clock.fast_forward(60_000)
    expect(page.locator("[data-polyimages-pending]")).to_have_count(0)
    expect(page.get_by_text(reason).first).to_be_visible()
    assert violations(page) == []
    if place == "image":
        assert looking.boxes(page) == before
    if place == "list":
        box = page.locator(".results")  # which scrolls if the columns need more than there is
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0


@pytest.mark.parametrize("place", ["gallery", "contact"])
def test_public_pages_reserve_the_size_of_the_picture_to_come(open_page, ten, place):
    path = {"gallery": "/", "contact": ten.get_absolute_url()}[place]
    page = open_page(path)
    assert looking.broken_pictures(page) == []
    before = looking.boxes(page)
    dummy.work()
    page.goto(path)
    assert looking.broken_pictures(page) == []
    pairs = zip(looking.boxes(page), before, strict=True)
    assert all(now == pytest.approx(then, abs=1) for now, then in pairs)


def test_a_broken_picture_would_be_found(visit):
    """Of these, the second is far below the window and loads when it is near."""
    page = visit("about:blank")
    page.set_content(f"""
        <img src="data:image/png;base64,{WHOLE}" alt="whole">
        <img src="data:image/png;base64,AAAA" alt="broken" loading="lazy" style="margin: 9000px">
        <picture><source type="image/avif" srcset="data:image/avif;base64,AAAA">
        <img src="data:image/png;base64,{WHOLE}" alt="broken source"></picture>
    """)
    found = [re.findall('alt="(.*?)"', html) for html in looking.broken_pictures(page)]
    assert found == [["broken"], ["broken source"]]
