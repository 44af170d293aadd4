"""The library in the admin: uploads, focal points, versions made again, deletions."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image as Pillow
from playwright.sync_api import Locator, Page, Route, expect

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from organizations.models import Organization
from tests.browser.actions import drop_files, overflow
from tests.builders import uploaded
from tests.drawing import BLUE, GREEN, RED, YELLOW, corners, looks_like
from tests.helpers import read, stored_keys

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/polyimages/image/"


@pytest.fixture
def wide(settings, acme) -> Image:
    """A wide picture with a version that shows a square of it."""
    square = VersionSpec("square", 100, 100, mode="fill")
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [VersionSpec("sm", 640, 640), square]}
    return uploaded(acme, 900, 300)


@pytest.fixture
def three(acme) -> list[Image]:
    names = ("One", "Two", "Three")
    return [uploaded(acme, title=name) for name in names]


def _page_of(image: Image) -> str:
    return f"{LIST}{image.pk}/change/"


def _colours(image: Image) -> list[tuple[int, ...]]:
    """The colours of the square version, a quarter each."""
    return corners(Pillow.open(BytesIO(read(image.versions["square"].key))))


def _handle(page: Page) -> Locator:
    return page.locator(".polyimages-focal-handle")


def test_the_list_shows_pictures_and_fits_a_narrow_window(visit, boss, three):
    page = visit(LIST, boss)
    pictures = page.locator("img.polyimages-thumbnail")
    expect(pictures).to_have_count(3)
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => [image.naturalWidth, image.width]") == [160, 80]
    box = page.locator(".results")  # which scrolls if the columns need more than there is
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    page.get_by_role("link", name="Two").last.click()
    expect(page.get_by_label("Title")).to_have_value("Two")
    page.set_viewport_size({"width": 400, "height": 800})
    assert overflow(page) == 0


def test_an_upload_shows_the_picture_before_and_after(visit, boss, acme, photos):
    page = visit(f"{LIST}add/", boss)
    drop_files(page.locator(".polyimages-upload-drop"), photos["green"])
    chosen = page.locator(".polyimages-upload-item img")
    expect(chosen).to_have_js_property("complete", True)
    assert chosen.evaluate("image => image.naturalWidth") == 400
    page.get_by_label("Alternative text").fill("A meadow")
    page.get_by_label("Organization").select_option(label="Acme")
    page.get_by_role("button", name="Save and continue editing").click()
    picture = page.get_by_role("img", name="A meadow")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") == 640
    image = Image.objects.get()
    assert (image.title, image.alt_text, image.creator) == ("green.jpg", "A meadow", boss)


def test_a_click_moves_the_focal_point_and_makes_only_crops_again(visit, boss, wide):
    before = dict(wide.versions)
    assert looks_like(_colours(wide), [RED, GREEN, BLUE, YELLOW])
    page = visit(_page_of(wide), boss)
    picture = page.locator(".polyimages-focal-picture")
    box = picture.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.25)
    expect(_handle(page)).to_be_focused()
    typed = [page.get_by_label(f"Focal point from the {side}") for side in ("left", "top")]
    assert [float(one.input_value()) for one in typed] == pytest.approx([0.9, 0.25], abs=0.01)
    assert page.locator(".polyimages-crop svg").get_attribute("viewBox") == "600 0 300 300"

    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    wide.refresh_from_db()
    assert wide.focal_x == pytest.approx(0.9, abs=0.01)
    assert wide.focal_y == pytest.approx(0.25, abs=0.01)
    assert looks_like(_colours(wide), [GREEN, GREEN, YELLOW, YELLOW])
    assert wide.versions["sm"] == before["sm"]
    assert wide.versions["square"].key != before["square"].key
    assert before["square"].key not in stored_keys()
    assert page.locator(".polyimages-crop svg").get_attribute("viewBox") == "600 0 300 300"


def test_arrow_keys_move_the_focal_point(visit, boss, wide):
    page = visit(_page_of(wide), boss)
    handle = _handle(page)
    handle.focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Focal point from the left")).to_have_value("0.19")
    expect(page.get_by_label("Focal point from the top")).to_have_value("0.51")
    expect(handle).to_have_accessible_name(
        "Focal point: 19% from the left, 51% from the top. Move it with the arrow keys."
    )
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_label("Focal point from the left")).to_have_value("0")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    wide.refresh_from_db()
    assert (wide.focal_x, wide.focal_y) == (0, 0.51)
    assert looks_like(_colours(wide), [RED, RED, BLUE, BLUE])


def test_a_picture_moves_its_point_where_text_runs_from_right_to_left(visit, boss, settings, wide):
    settings.LANGUAGE_CODE = "ar"
    page = visit(_page_of(wide), boss)
    box = page.locator(".polyimages-focal-picture").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.5)
    marker = _handle(page).bounding_box()
    assert marker["x"] + marker["width"] / 2 == pytest.approx(box["x"] + box["width"] * 0.9, abs=3)
    assert page.locator(".polyimages-crop svg").get_attribute("viewBox") == "600 0 300 300"


def test_versions_are_made_again_with_progress(visit, boss, three):
    before = {image.pk: image.versions["thumb"].key for image in three}
    page = visit(LIST, boss)
    for checkbox in page.get_by_role("checkbox", name="Select this object").all():
        checkbox.check()
    page.get_by_label("Action:").select_option(label="Regenerate versions")
    page.locator(".actions button").click()
    page.get_by_label("All versions").check()
    page.get_by_role("button", name="Regenerate versions").click()
    done = page.locator(".polyimages-count")
    expect(done).to_have_text("Finished: 3 of 3 done, 0 failed.")
    assert page.locator("progress").evaluate("bar => bar.value / bar.max") == 1
    expect(page.get_by_role("link", name="Back to the list")).to_be_focused()
    after = {image.pk: image.versions["thumb"].key for image in Image.objects.all()}
    assert all(after[pk] != before[pk] for pk in before)
    assert len(stored_keys()) == 15
    page.keyboard.press("Enter")
    expect(page.locator("img.polyimages-thumbnail")).to_have_count(3)


def test_making_versions_again_is_stopped_and_goes_on(visit, boss, three):
    page = visit(LIST, boss)
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option(label="Regenerate versions")
    page.locator(".actions button").click()
    page.get_by_label("All versions").check()
    held: list[Route] = []
    page.route("**/regenerate/", lambda route: held.append(route))
    with page.expect_request("**/regenerate/"):
        page.get_by_role("button", name="Regenerate versions").click()
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    page.route("**/regenerate/", lambda route: route.continue_())
    held[0].continue_()
    expect(page.locator(".polyimages-count")).to_have_text("Cancelled: 1 of 3 done, 0 failed.")
    go_on = page.get_by_role("button", name="Continue")
    expect(go_on).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".polyimages-count")).to_have_text("Finished: 3 of 3 done, 0 failed.")


def test_a_deletion_says_what_uses_the_image(visit, boss, contact, three):
    contact.images.attach(three[0], is_cover=True)
    page = visit(_page_of(three[0]), boss)
    page.get_by_role("link", name="Delete").click()
    expect(page.locator("#content")).to_contain_text("Used by: contact Ada (cover)")
    page.get_by_role("button", name="Yes, I’m sure").click()
    expect(page.locator("img.polyimages-thumbnail")).to_have_count(2)
    assert not contact.images.exists()
    assert len(stored_keys()) == 10


@pytest.fixture
def shelf(acme) -> list[Image]:
    """More images than one page of the dialog shows; they share the files of the first."""
    first = uploaded(acme, title="First")
    names = {one.attname for one in Image._meta.concrete_fields} - {"id", "title", "created_at"}
    fields = {name: getattr(first, name) for name in names}
    rows = (Image(**fields, title=f"Copy {number}") for number in range(30))
    yield [first, *Image.objects.bulk_create(rows)]
    Image.objects.exclude(pk=first.pk)._raw_delete("default")


def _is_inside(inner: Locator, size: dict[str, int]) -> bool:
    box = inner.bounding_box()
    assert box is not None
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize(
    ("width", "height"),
    [(1280, 900), (390, 844), (844, 390), (640, 450), (320, 225)],
    ids=["desktop", "phone", "phone on its side", "200 %", "400 %"],
)
def test_the_buttons_of_the_dialog_are_in_view_however_small_the_window(
    visit, boss, settings, contact, shelf, width, height, language
):
    settings.LANGUAGE_CODE = language
    size = {"width": width, "height": height}
    page = visit(f"/admin/contacts/contact/{contact.pk}/change/", boss, viewport=size)
    page.locator(".polyimages-inline-pick").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("li")).to_have_count(24)
    buttons = [dialog.locator(f"[data-do={name}]") for name in ("more", "close", "add")]
    assert [_is_inside(button, size) for button in buttons] == [True] * 3
    last = dialog.locator("li button").last
    last.focus()
    assert [_is_inside(button, size) for button in buttons] == [True] * 3
    buttons[0].press("Enter")
    expect(dialog.locator("li")).to_have_count(31)
    box = dialog.bounding_box()
    assert box["width"] <= width
    assert dialog.evaluate("one => one.scrollWidth - one.clientWidth") == 0


def test_the_dialog_counts_what_is_picked_even_if_the_search_hides_it(visit, boss, contact, shelf):
    page = visit(f"/admin/contacts/contact/{contact.pk}/change/", boss)
    page.get_by_role("button", name="Choose from the library").click()
    dialog = page.get_by_role("dialog")
    count = dialog.locator(".polyimages-library-count")
    expect(count).to_have_text("")
    dialog.get_by_role("button", name="Copy 29").click()
    dialog.get_by_role("button", name="Copy 28").click()
    expect(count).to_have_text("Selected: 2")
    dialog.get_by_role("searchbox", name="Search").fill("First")
    expect(dialog.locator("li")).to_have_count(1)
    expect(count).to_have_text("Selected: 2")
    dialog.get_by_role("searchbox", name="Search").fill("Copy 29")
    dialog.get_by_role("button", name="Copy 29").click()
    expect(count).to_have_text("Selected: 1")
    expect(dialog.get_by_role("button", name="Add", exact=True)).to_be_enabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Choose from the library").click()
    expect(count).to_have_text("")


def test_an_organization_is_found_by_typing_where_there_are_many(visit, boss, acme, other, three):
    rows = (Organization(name=f"Club {number}", slug=f"club-{number}") for number in range(60))
    Organization.objects.bulk_create(rows)
    uploaded(other, title="Elsewhere")
    page = visit(LIST, boss)
    page.locator("#changelist-filter .select2-selection").click()
    page.get_by_role("searchbox").last.fill("Othe")
    page.get_by_role("option", name="Other").click()
    page.locator("#changelist-filter").get_by_role("button", name="Filter").click()
    expect(page.locator("img.polyimages-thumbnail")).to_have_count(1)
    expect(page.locator("#changelist-filter .select2-selection")).to_contain_text("Other")
