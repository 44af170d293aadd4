"""The images of an object in the admin of its model, as a person works with them."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from PIL import Image as Pillow
from playwright.sync_api import Locator, Page, expect

from contacts.models import Contact
from django_polyimages.admin import ImageInline
from django_polyimages.models import Image, PendingUpload, PolymorphicImageRelation
from tests.browser.actions import drag, drop_files, overflow
from tests.drawing import GREEN, to_bytes, upload_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


@pytest.fixture
def shelf(acme) -> dict[str, Image]:
    """Images of the library, none of them attached."""
    return {name: _image(acme, name) for name in ("One", "Two", "Three", "Four")}


def _image(organization, title: str) -> Image:
    content = to_bytes(Pillow.new("RGB", (300, 200), GREEN))
    return Image.objects.upload(upload_of(content), organization=organization, title=title)


@pytest.fixture
def sent_with_the_form(monkeypatch) -> None:
    """Files are sent when the page is saved: nobody has registered ``ImageAdmin``."""
    find = ImageInline._library_url

    def find_others(inline: ImageInline, name: str) -> str:
        return "" if name == "uploads" else find(inline, name)

    monkeypatch.setattr(ImageInline, "_library_url", find_others)


def _cards(page: Page) -> Locator:
    return page.locator(".polyimages-card")


def _card(page: Page, title: str) -> Locator:
    return page.locator(f".polyimages-card[data-title='{title}']")


def _titles(page: Page) -> Locator:
    return _cards(page).locator(".polyimages-card-title")


def _zone(page: Page) -> Locator:
    return page.locator(".polyimages-inline-add .polyimages-upload-drop")


def _status(page: Page) -> Locator:
    return page.locator(".polyimages-inline-status")


def _save(page: Page) -> None:
    """Save and stay on the page."""
    with page.expect_navigation():  # once the files have arrived
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def _is_drawn(picture: Locator) -> None:
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0


def test_files_are_dropped_described_arranged_and_shown_in_the_gallery(
    visit, boss, contact, address, photos
):
    page = visit(address, boss)
    drop_files(_zone(page), *photos.values())
    expect(_cards(page)).to_have_count(3)
    expect(_titles(page)).to_have_text(["red.jpg", "green.jpg", "blue.jpg"])
    for card in _cards(page).all():
        _is_drawn(card.locator("img"))
    expect(_status(page)).to_have_text("3 images will be added when you save.")
    assert page.locator("input[name$='-uploads']").evaluate("input => input.files.length") == 0

    green, blue = _card(page, "green.jpg"), _card(page, "blue.jpg")
    green.locator("summary").click()
    green.get_by_label("Alternative text on this object").fill("A meadow")
    green.get_by_role("checkbox", name="cover").check()
    blue.get_by_role("checkbox", name="cover").check()
    expect(green.get_by_role("checkbox", name="cover")).not_to_be_checked()

    drag(blue.locator(".polyimages-card-handle"), _card(page, "red.jpg"), across=0.2)
    expect(_titles(page)).to_have_text(["blue.jpg", "red.jpg", "green.jpg"])
    expect(_status(page)).to_have_text("blue.jpg is now number 1 of 3.")

    forward = green.get_by_role("button", name="Earlier green.jpg")
    forward.focus()
    page.keyboard.press("Enter")
    expect(_titles(page)).to_have_text(["blue.jpg", "green.jpg", "red.jpg"])
    expect(forward).to_be_focused()
    expect(_status(page)).to_have_text("green.jpg is now number 2 of 3.")

    _save(page)
    saved = list(contact.images.all())
    assert [one.image.title for one in saved] == ["blue.jpg", "green.jpg", "red.jpg"]
    assert [one.is_cover for one in saved] == [True, False, False]
    assert saved[1].custom_alt_text == "A meadow"
    assert saved[1].image.creator == boss
    expect(_titles(page)).to_have_text(["blue", "green", "red"])

    page.goto("/")
    shown = page.locator("section", has_text="Ada").locator("li img")
    expect(shown).to_have_count(3)
    assert shown.nth(1).get_attribute("alt") == "A meadow"
    for number, relation in enumerate(saved):
        _is_drawn(shown.nth(number))
        thumb = relation.image.versions["thumb"].key
        assert thumb in (shown.nth(number).get_attribute("srcset") or "")


def test_existing_images_move_too(visit, boss, contact, address, shelf):
    for image in shelf.values():
        contact.images.attach(image)
    page = visit(address, boss)
    drag(_card(page, "One").locator(".polyimages-card-handle"), _card(page, "Three"), across=0.8)
    expect(_titles(page)).to_have_text(["Two", "Three", "One", "Four"])
    back = _card(page, "Two").get_by_role("button", name="Later Two")
    back.press("Space")
    expect(_titles(page)).to_have_text(["Three", "Two", "One", "Four"])
    _save(page)
    order = [relation.image.title for relation in contact.images.all()]
    assert order == ["Three", "Two", "One", "Four"]


def test_a_saved_image_and_one_that_is_not_are_removed(
    visit, boss, contact, address, shelf, photos
):
    contact.images.attach(shelf["One"])
    contact.images.attach(shelf["Two"])
    page = visit(address, boss)
    drop_files(_zone(page), photos["red"], photos["green"])
    _card(page, "One").get_by_role("checkbox", name="Remove").check()
    _card(page, "red.jpg").get_by_role("button", name="Remove").click()
    expect(_cards(page)).to_have_count(3)
    expect(_status(page)).to_have_text("red.jpg was removed.")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    _save(page)
    assert [one.image.title for one in contact.images.all()] == ["Two", "green.jpg"]
    assert Image.objects.filter(title="One").exists(), "an image stays in the library"


def test_removing_the_only_new_card_leaves_the_focus_in_reach(visit, boss, address, photos):
    page = visit(address, boss)
    drop_files(_zone(page), photos["red"])
    page.get_by_role("button", name="Remove").press("Enter")
    expect(_cards(page)).to_have_count(0)
    expect(_zone(page).locator("input")).to_be_focused()


def test_two_images_are_picked_from_the_library_by_keyboard(visit, boss, contact, address, shelf):
    contact.images.attach(shelf["Three"])
    page = visit(address, boss)
    keys = page.keyboard
    opener = page.get_by_role("button", name="Choose from the library")
    dialog = page.get_by_role("dialog", name="Choose from the library")
    opener.focus()
    keys.press("Enter")
    expect(dialog.get_by_role("searchbox", name="Search")).to_be_focused()
    expect(dialog.get_by_role("button", name="Three")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Four")).to_be_enabled()

    keys.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    keys.press("Enter")
    expect(dialog.get_by_role("button", name="Four")).to_be_visible()
    keys.press("Tab")
    expect(dialog.get_by_role("button", name="Four")).to_be_focused()
    keys.press("Enter")
    expect(dialog.get_by_role("button", name="Four")).to_have_attribute("aria-pressed", "true")
    keys.press("Shift+Tab")
    keys.type("two")
    keys.press("Enter")  # does not send the form behind
    expect(dialog.locator("li")).to_have_count(1)
    keys.press("Tab")
    keys.press("Space")
    expect(dialog.get_by_role("button", name="Two")).to_have_attribute("aria-pressed", "true")
    keys.press("Tab")
    keys.press("Tab")
    expect(dialog.get_by_role("button", name="Add")).to_be_focused()
    keys.press("Enter")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    expect(_status(page)).to_have_text("2 images will be added when you save.")
    expect(_titles(page)).to_have_text(["Three", "Four", "Two"])
    for card in _cards(page).all():
        _is_drawn(card.locator("img"))
    _save(page)
    assert [one.image.title for one in contact.images.all()] == ["Three", "Four", "Two"]


def test_an_answer_that_comes_late_keeps_the_focus(visit, boss, address, shelf):
    page = visit(address, boss)
    page.get_by_role("button", name="Choose from the library").click()
    dialog = page.get_by_role("dialog", name="Choose from the library")
    expect(dialog.locator("li")).to_have_count(4)
    with page.expect_response(lambda response: "q=t" in response.url):
        page.keyboard.type("t")
        dialog.get_by_role("button", name="Two").focus()
    expect(dialog.locator("li")).to_have_count(2)
    expect(dialog.get_by_role("button", name="Two")).to_be_focused()


def test_the_library_shows_more_and_keeps_the_focus(visit, boss, acme, contact, address):
    first = _image(acme, "First")
    Image.objects.bulk_create(
        Image(**_fields(first) | {"title": f"Copy {number}"}) for number in range(30)
    )
    page = visit(address, boss)
    page.get_by_role("button", name="Choose from the library").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("li")).to_have_count(24)
    dialog.get_by_role("button", name="Show more").press("Enter")
    expect(dialog.locator("li")).to_have_count(31)
    expect(dialog.get_by_role("button", name="Show more")).to_be_hidden()
    expect(dialog.locator("li").nth(24).get_by_role("button")).to_be_focused()
    Image.objects.exclude(pk=first.pk)._raw_delete("default")  # they share the files of the first


def _fields(image: Image) -> dict:
    left_out = {"id", "title", "created_at", "updated_at"}
    fields = [field.attname for field in Image._meta.concrete_fields if field.name not in left_out]
    return {name: getattr(image, name) for name in fields}


def test_the_library_shows_images_of_the_chosen_organization(visit, boss, other, address, shelf):
    _image(other, "Elsewhere")
    page = visit(address, boss)
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Choose from the library").click()
    expect(dialog.locator("li")).to_have_count(4)
    dialog.get_by_role("button", name="Close").click()
    page.get_by_label("Organization").select_option(label="Other")
    page.get_by_role("button", name="Choose from the library").click()
    expect(dialog.locator("li")).to_have_count(1)
    expect(dialog.get_by_role("button", name="Elsewhere")).to_be_visible()


def test_wrong_files_are_told_at_once(visit, boss, settings, address, photos, tmp_path):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 20_000}
    (tmp_path / "notes.txt").write_text("No picture.")
    (tmp_path / "large.jpg").write_bytes(photos["red"].read_bytes() + bytes(20_000))
    page = visit(address, boss)
    drop_files(_zone(page), tmp_path / "notes.txt", tmp_path / "large.jpg", photos["green"])
    told = page.locator(".polyimages-inline-add .polyimages-upload-problem")
    expect(told).to_have_text(
        [
            "notes.txt: Unsupported image format. Supported formats: JPEG, PNG, WEBP, GIF, AVIF.",
            re.compile(r"large\.jpg: Too large; the maximum is 19\.5\sKB\."),
        ]
    )
    expect(_titles(page)).to_have_text(["green.jpg"])
    _save(page)
    assert Image.objects.get().title == "green.jpg"


def test_text_named_as_a_picture_is_told_at_once_and_never_sent(
    visit, boss, contact, address, photos, tmp_path
):
    (tmp_path / "fake.jpg").write_text("No picture.")
    page = visit(address, boss)
    drop_files(_zone(page), tmp_path / "fake.jpg", photos["green"])
    expect(page.locator(".polyimages-upload-problem")).to_contain_text("Unsupported image format")
    expect(_titles(page)).to_have_text(["green.jpg"])
    _save(page)
    assert [upload.file_name for upload in PendingUpload.objects.all()] == ["green.jpg"]


def test_text_named_as_a_picture_is_refused_by_the_server_too(
    visit, boss, contact, address, photos, tmp_path, sent_with_the_form
):
    (tmp_path / "fake.jpg").write_text("No picture.")
    page = visit(address, boss)
    drop_files(_zone(page), tmp_path / "fake.jpg", photos["green"])
    expect(_card(page, "fake.jpg")).to_contain_text("Unsupported image format")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errornote").first).to_be_visible()
    expect(_card(page, "fake.jpg").locator(".errorlist")).to_contain_text("or damaged")
    assert not Image.objects.exists()
    assert not contact.images.exists()


def test_an_error_elsewhere_keeps_what_can_be_kept(
    visit, boss, contact, address, shelf, photos, sent_with_the_form
):
    contact.images.attach(shelf["One"])
    contact.images.attach(shelf["Two"])
    page = visit(address, boss)
    page.get_by_label("Name").fill("")
    page.locator("#contact_form").evaluate("form => form.noValidate = true")
    drop_files(_zone(page), photos["red"], photos["green"])
    red = _card(page, "red.jpg")
    red.locator("summary").click()
    red.get_by_label("Alternative text on this object").fill("A barn")
    red.get_by_role("checkbox", name="cover").check()
    page.get_by_role("button", name="Choose from the library").click()
    page.get_by_role("dialog").get_by_role("button", name="Four").click()
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    _card(page, "Two").get_by_role("checkbox", name="Remove").check()
    _card(page, "Two").get_by_role("button", name="Earlier").click()

    page.get_by_role("button", name="Save", exact=True).click()
    told = page.get_by_text("Your browser does not keep chosen files; please choose again:")
    expect(told).to_contain_text("red.jpg, green.jpg")
    expect(_titles(page)).to_have_count(5)
    assert set(_titles(page).all_text_contents()) == {"One", "Two", "red.jpg", "green.jpg", "Four"}
    expect(_card(page, "Two").get_by_role("checkbox", name="Remove")).to_be_checked()
    red = _card(page, "red.jpg")
    expect(red.get_by_role("checkbox", name="cover")).to_be_checked()
    expect(red.get_by_label("Alternative text on this object")).to_have_value("A barn")

    drop_files(_zone(page), photos["green"], photos["red"])  # each finds its card again
    expect(_cards(page)).to_have_count(5)
    _is_drawn(red.locator("img"))
    page.get_by_label("Name").fill("Ada")
    _save(page)
    saved = {one.image.title: one for one in contact.images.all()}
    assert set(saved) == {"One", "red.jpg", "green.jpg", "Four"}
    assert saved["red.jpg"].is_cover
    assert saved["red.jpg"].custom_alt_text == "A barn"


def test_the_page_that_adds_an_object_takes_files(visit, boss, acme, photos):
    page = visit("/admin/contacts/contact/add/", boss)
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Organization").select_option(label="Acme")
    drop_files(_zone(page), photos["red"], photos["blue"])
    _card(page, "blue.jpg").get_by_role("checkbox", name="cover").check()
    _save(page)
    saved = list(Contact.objects.get(name="Grace").images.all())
    assert [one.image.title for one in saved] == ["red.jpg", "blue.jpg"]
    assert [one.is_cover for one in saved] == [False, True]
    assert all(one.image.organization == acme for one in saved)


def test_plain_inputs_do_without_scripts(visit, boss, contact, address, shelf, photos):
    contact.images.attach(shelf["One"])
    contact.images.attach(shelf["Two"], is_cover=True)
    contact.images.attach(shelf["Three"])
    page = visit(address, boss, java_script_enabled=False)
    expect(page.get_by_role("button", name="Choose from the library")).to_be_hidden()
    page.get_by_label("Add images").set_input_files([photos["red"], photos["green"]])
    _card(page, "One").get_by_label("Order").fill("9")
    _card(page, "Two").get_by_label("Order").fill("2")
    _card(page, "Two").get_by_role("checkbox", name="cover").uncheck()
    _card(page, "Three").get_by_role("checkbox", name="Remove").check()
    new = page.locator(".polyimages-card-new")
    new.get_by_label("File").set_input_files(photos["blue"])
    new.get_by_label("Order").fill("1")
    new.get_by_role("checkbox", name="cover").check()
    _save(page)
    saved = list(contact.images.all())
    titles = [one.image.title for one in saved]
    assert titles == ["blue.jpg", "Two", "One", "red.jpg", "green.jpg"]
    assert [one.is_cover for one in saved] == [True, False, False, False, False]


def test_an_error_without_scripts_names_the_files(visit, boss, address, photos, tmp_path):
    (tmp_path / "fake.jpg").write_text("No picture.")
    page = visit(address, boss, java_script_enabled=False)
    page.get_by_label("Add images").set_input_files([photos["red"], tmp_path / "fake.jpg"])
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("please choose again: red.jpg, fake.jpg")).to_be_visible()
    expect(page.get_by_text("fake.jpg: Unsupported image format")).to_be_visible()


def test_from_right_to_left(visit, boss, settings, contact, address, shelf):
    settings.LANGUAGE_CODE = "ar"
    for image in shelf.values():
        contact.images.attach(image)
    page = visit(address, boss)
    assert page.locator("html").get_attribute("dir") == "rtl"
    one, two = (_card(page, title).bounding_box() for title in ("One", "Two"))
    assert one["x"] > two["x"], "the first is at the right"
    arrow = _card(page, "One").get_by_role("button", name="Earlier One").locator("span").first
    assert arrow.text_content() == "‹", "which browsers mirror in a text from right to left"
    assert arrow.evaluate("element => getComputedStyle(element).transform") == "none"
    drag(_card(page, "One").locator(".polyimages-card-handle"), _card(page, "Two"), across=0.2)
    expect(_titles(page)).to_have_text(["Two", "One", "Three", "Four"])
    drag(_card(page, "Four").locator(".polyimages-card-handle"), _card(page, "One"), across=0.8)
    expect(_titles(page)).to_have_text(["Two", "Four", "One", "Three"])
    assert overflow(page) == 0
    page.locator("input[name='_continue']").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert [one.image.title for one in contact.images.all()] == ["Two", "Four", "One", "Three"]


def test_a_narrow_window_needs_no_scrolling_sideways(visit, boss, contact, address, shelf, photos):
    for name in ("One", "Two", "Three"):
        contact.images.attach(shelf[name])
    window = {"width": 400, "height": 800}
    page = visit(address, boss, viewport=window)
    drop_files(_zone(page), photos["red"])
    for summary in page.locator(".polyimages-card summary").all():
        summary.click()
    assert overflow(page) == 0
    page.get_by_role("button", name="Choose from the library").click()
    expect(page.get_by_role("dialog").locator("li")).to_have_count(4)
    assert overflow(page) == 0
    page.keyboard.press("Escape")
    for summary in page.locator(".polyimages-card summary").all():
        summary.click()
    # One column: what counts is up and down, not left and right.
    drag(
        _card(page, "One").locator(".polyimages-card-handle"),
        _card(page, "Two"),
        across=0.1,
        down=0.8,
    )
    expect(_titles(page)).to_have_text(["Two", "One", "Three", "red.jpg"])


def test_text_of_a_card_can_be_selected_and_dragged(visit, boss, contact, address, shelf):
    contact.images.attach(shelf["One"])
    contact.images.attach(shelf["Two"])
    page = visit(address, boss)
    summary = _card(page, "One").locator("summary")
    summary.evaluate("element => getSelection().selectAllChildren(element)")
    drag(summary, _card(page, "Two"), across=0.9)
    expect(_titles(page)).to_have_text(["One", "Two"])


def test_who_may_only_look_sees_the_images_and_no_tools(visit, contact, address, shelf):
    contact.images.attach(shelf["One"], is_cover=True)
    contact.images.attach(shelf["Two"])
    viewer = User.objects.create_user("looker", is_staff=True)
    models = ("contact", "image", PolymorphicImageRelation._meta.model_name)
    names = [f"view_{model}" for model in models]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=names))
    page = visit(address, viewer)
    expect(_titles(page)).to_have_text(["One", "Two"])
    _is_drawn(_cards(page).first.locator("img"))
    expect(_cards(page).first).to_contain_text("Cover")
    inline = page.locator(".polyimages-inline")
    expect(inline.get_by_role("button")).to_have_count(0)
    assert inline.locator("input:not([type=hidden])").count() == 0
    drag(_cards(page).first.locator("img"), _cards(page).nth(1), across=0.9)
    expect(_titles(page)).to_have_text(["One", "Two"])
