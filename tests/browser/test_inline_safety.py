"""Nothing that was put into the page of an object gets lost or is stored twice.

The page also works on a phone, and under a strict Content-Security-Policy.
"""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from contacts.admin import ContactAdmin
from django_polyimages.admin import ImageInline
from django_polyimages.models import Image
from tests.browser.actions import drop_files, overflow, touch_and_drag
from tests.builders import attached_to, fake_images, uploaded

pytestmark = pytest.mark.django_db(transaction=True)
POLICY = "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def address(contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


def cards(page: Page) -> Locator:
    return page.locator(".polyimages-card")


def titles(page: Page) -> Locator:
    return cards(page).locator(".polyimages-card-title")


def zone(page: Page) -> Locator:
    return page.locator(".polyimages-inline-add .polyimages-upload-drop")


def status(page: Page) -> Locator:
    return page.locator(".polyimages-inline-status")


def leave(page: Page) -> list[str]:
    """Try to leave by a link; returns what the browser asked, and stays."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Home").first.click(no_wait_after=True)
    page.wait_for_timeout(500)
    if not asked:
        page.remove_listener("dialog", stay)
    return asked


def test_a_file_dropped_beside_the_images_changes_nothing(visit, boss, address, photos):
    page = visit(address, boss)
    drop_files(zone(page), photos["red"])
    before = page.url
    drop_files(page.locator("#site-name"), photos["green"])
    page.wait_for_timeout(300)
    assert page.url == before
    expect(titles(page)).to_have_text(["red.jpg"])


def test_a_plain_file_input_of_the_host_takes_drops_as_ever(visit, boss, address, photos):
    page = visit(address, boss)
    page.evaluate(
        "document.querySelector('#contact_form').insertAdjacentHTML("
        "'afterbegin', '<input type=file id=plain>')"
    )
    drop_files(page.locator("#plain"), photos["green"])
    assert page.locator("#plain").evaluate("input => input.files.length") == 1


def test_the_browser_asks_before_unsaved_images_are_lost(visit, boss, address, photos):
    page = visit(address, boss)
    drop_files(zone(page), photos["red"])
    assert leave(page) == ["beforeunload"]
    expect(titles(page)).to_have_text(["red.jpg"])
    page.get_by_role("button", name="Remove").click()
    assert leave(page) == []


def test_nothing_is_asked_when_the_page_is_saved(visit, boss, contact, address, photos):
    page = visit(address, boss)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    drop_files(zone(page), photos["red"])
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert asked == []
    assert contact.images.count() == 1


def test_a_double_click_saves_once_and_by_the_button_that_was_pressed(
    visit, boss, contact, address, photos
):
    page = visit(address, boss)
    sent = []

    def slowly(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.post_data_buffer or b"")
            time.sleep(0.5)
        route.continue_()

    page.route("**/change/", slowly)
    drop_files(zone(page), photos["red"])
    button = page.get_by_role("button", name="Save and continue editing")
    button.dblclick(no_wait_after=True)
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert len(sent) == 1
    assert b'name="_continue"' in sent[0]
    assert page.url.endswith("/change/")
    assert contact.images.count() == Image.objects.count() == 1


def test_progress_is_shown_and_a_page_that_comes_back_can_be_saved(visit, boss, address, photos):
    page = visit(address, boss)
    # What is sent goes to another window, so that this page stays as a slow server would leave it.
    page.evaluate("document.querySelector('#contact_form').target = 'elsewhere'")
    drop_files(zone(page), photos["red"])
    button = page.get_by_role("button", name="Save", exact=True)
    with page.expect_popup() as other:
        button.click()
    other.value.wait_for_load_state()
    expect(button).to_be_disabled()
    expect(status(page)).to_have_text("Saving. Large images may take a while.")
    expect(page.locator(".polyimages-inline-progress")).to_be_visible()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(button).to_be_enabled()
    expect(status(page)).to_have_text("")
    expect(page.locator(".polyimages-inline-progress")).to_be_hidden()


def test_a_form_that_is_not_sent_stays_usable(visit, boss, address, photos):
    page = visit(address, boss)
    page.evaluate(
        "document.querySelector('#contact_form')"
        ".addEventListener('submit', (event) => event.preventDefault())"
    )
    button = page.get_by_role("button", name="Save", exact=True)
    button.click()
    expect(button).to_be_enabled()
    drop_files(zone(page), photos["red"])
    assert leave(page) == ["beforeunload"]


def test_a_file_that_is_no_image_is_not_said_to_be_added(visit, boss, address, tmp_path):
    (tmp_path / "fake.jpg").write_text("No picture.")
    page = visit(address, boss)
    drop_files(zone(page), tmp_path / "fake.jpg")
    expect(status(page)).to_contain_text("fake.jpg: Unsupported image format")


def test_no_more_cards_than_there_is_room_for(
    visit, boss, contact, acme, address, photos, monkeypatch
):
    monkeypatch.setattr(ContactAdmin, "inlines", [type("Few", (ImageInline,), {"max_num": 2})])
    contact.images.attach(uploaded(acme, title="One"))
    page = visit(address, boss)
    drop_files(zone(page), photos["red"], photos["green"])
    expect(titles(page)).to_have_text(["One", "red.jpg"])
    expect(status(page)).to_have_text("An object may have at most 2 images.")
    page.get_by_role("checkbox", name="Remove One").check()
    drop_files(zone(page), photos["green"])
    expect(titles(page)).to_have_text(["One", "red.jpg", "green.jpg"])
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    expect(titles(page)).to_have_text(["red", "green"])


def test_a_strict_policy(visit, boss, contact, acme, address, photos):
    contact.images.attach(uploaded(acme, title="One"), is_cover=True)
    page = visit(address, boss)
    blocked = under_policy(page, address, POLICY)
    drop_files(zone(page), photos["red"])
    picture = page.locator(".polyimages-card[data-title='red.jpg'] img")
    expect(picture).to_have_js_property("naturalWidth", 400)
    page.get_by_role("button", name="Choose from the library").click()
    expect(page.get_by_role("dialog").locator("li")).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    expect(titles(page)).to_have_text(["One", "red"])
    assert blocked == []


def under_policy(page: Page, address: str, policy: str) -> list[str]:
    """Open the page with this policy; returns what it blocks."""
    blocked: list[str] = []

    def with_policy(route: Route) -> None:
        if route.request.method != "GET":  # a redirect would be followed unseen
            route.continue_()
            return
        response = route.fetch()
        headers = response.headers | {"content-security-policy": policy}
        route.fulfill(response=response, headers=headers)

    page.expose_function("blocked", lambda what: blocked.append(what))
    page.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (event) => blocked(`${event.violatedDirective} ${event.blockedURI}`))"
    )
    # Of the page alone: a file that is sent would lose its content on the way.
    page.route(f"**{address}", with_policy)
    page.goto(address)
    return blocked


def test_cards_are_dragged_by_a_finger(visit, boss, contact, acme, address):
    for title in ("One", "Two", "Three"):
        contact.images.attach(uploaded(acme, title=title))
    page = visit(address, boss, **PHONE)
    handle = page.locator(".polyimages-card[data-title='One'] .polyimages-card-handle")
    touch_and_drag(handle, page.locator(".polyimages-card[data-title='Two']"), down=0.8)
    expect(titles(page)).to_have_text(["Two", "One", "Three"])
    expect(status(page)).to_have_text("One is now number 2 of 3.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert [one.image.title for one in contact.images.all()] == ["Two", "One", "Three"]


def test_a_drag_is_given_up_with_escape(visit, boss, contact, acme, address):
    for title in ("One", "Two"):
        contact.images.attach(uploaded(acme, title=title))
    page = visit(address, boss)
    page.locator(".polyimages-card-handle").first.hover()
    page.mouse.down()
    page.locator(".polyimages-card").nth(1).hover(position={"x": 200, "y": 60}, force=True)
    expect(titles(page)).to_have_text(["Two", "One"])
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(titles(page)).to_have_text(["One", "Two"])
    assert leave(page) == []


def test_on_a_phone_buttons_say_what_they_do(visit, boss, contact, acme, address):
    for title in ("One", "Two"):
        contact.images.attach(uploaded(acme, title=title))
    page = visit(address, boss, **PHONE)
    later = page.get_by_role("button", name="Later One")
    word = later.locator(".polyimages-card-word").bounding_box()
    assert word is not None
    assert word["width"] > 20, "it can be read"
    box = later.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    assert overflow(page) == 0
    later.tap()
    expect(titles(page)).to_have_text(["Two", "One"])


def test_as_many_images_are_picked_as_an_object_may_have(visit, boss, contact, acme, address):
    """Django refuses requests with more than 100 file inputs, even empty ones, or 1,000 fields."""
    images = fake_images(acme, 350)
    Image.objects.update(versions={})  # there are no files to show
    contact.images.attach_many(images[:50])
    page = visit(address, boss)
    page.evaluate(
        """keys => {
             const inline = document.querySelector(".polyimages-inline");
             for (const id of keys) {
               const detail = { id, title: id };
               inline.dispatchEvent(new CustomEvent("polyimages:picked", { detail }));
             }
           }""",
        [str(image.pk) for image in images[50:]],
    )
    page.locator("input[name=_save]").click(no_wait_after=True)
    expect(page.locator(".messagelist .success")).to_be_visible(timeout=120_000)  # 350 rows
    assert attached_to(contact) == images
