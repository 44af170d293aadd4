"""The pages of the guide about uploads, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.template import Context, Template
from playwright.sync_api import Page, expect

from django_polyimages.forms import ImageUploadInput, MultipleImageUploadInput
from django_polyimages.models import Image, PendingUpload
from tests.browser.actions import drop_files
from tests.documents import DOCS, blocks_of
from tests.drawing import photo

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = DOCS / "guides" / "uploading.md"
RECEIVED = ".polyimages-upload-progress[data-state=received]"


def script(name: str) -> str:
    [found] = [one.code for one in blocks_of(GUIDE, "js") if one.code.startswith(f"// {name}\n")]
    return found


@pytest.fixture
def show(visit, editor) -> Callable[[str], Page]:
    """``show(html)`` opens a page of the site with this content."""

    def open_page(html: str) -> Page:
        page = visit("/login/", editor)
        token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")
        field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
        content = f"<!doctype html><html lang=en>{html}{field}</html>"
        page.route("**/shown/", lambda route: route.fulfill(body=content, content_type="text/html"))
        page.goto("/shown/")
        return page

    return open_page


def test_one_tag_is_enough(show, acme, photos):
    [source] = [one.code for one in blocks_of(GUIDE, "django") if "{% image_uploads" in one.code]
    page = show(Template(source).render(Context()))
    drop_files(page.locator(".polyimages-upload-drop"), *photos.values())
    expect(page.locator(RECEIVED)).to_have_count(3)
    inputs = page.locator("input[name=photos-upload]").all()
    begun = PendingUpload.objects.filter(organization=acme)
    assert {str(one.pk) for one in begun} == {one.get_attribute("value") for one in inputs}


def test_a_field_for_one_image_keeps_the_last(show, acme, photos):
    widget = ImageUploadInput(uploads_url="/api/v1/images/orgs/acme/uploads/")
    page = show(f"{widget.media}{widget.render('photo', None, {})}")
    for name in ("green", "red"):
        drop_files(page.locator(".polyimages-upload-drop"), photos[name])
        expect(page.locator(RECEIVED)).to_have_count(1)
    expect(page.locator(".polyimages-upload-item")).to_contain_text("red.jpg")
    [kept] = page.locator("input[name=photo-upload]").all()
    waiting = PendingUpload.objects.filter(state="waiting")
    assert [str(one.pk) for one in waiting] == [kept.get_attribute("value")]


def test_without_a_url_the_form_sends_the_files(show, photos, tmp_path):
    (tmp_path / "notes.txt").write_text("No picture.")
    widget = MultipleImageUploadInput()
    page = show(f"{widget.media}<form>{widget.render('photos', None, {})}</form>")
    drop_files(page.locator(".polyimages-upload-drop"), tmp_path / "notes.txt", photos["red"])
    message = "notes.txt: Unsupported image format. Supported formats: JPEG, PNG, WEBP, GIF, AVIF."
    expect(page.locator(".polyimages-upload-chosen li")).to_have_text([message, "red.jpg"])
    field = page.locator("input[type=file]")
    assert field.evaluate("input => input.validationMessage") == message
    assert field.evaluate("input => input.files.length") == 2
    field.set_input_files(photos["red"])
    assert field.evaluate("input => input.validationMessage") == ""
    assert not PendingUpload.objects.exists()


def test_what_the_server_refuses_is_told(show, photos, complaints):
    widget = ImageUploadInput(uploads_url="/api/v1/images/orgs/nobody/uploads/")
    page = show(f"{widget.media}{widget.render('photo', None, {})}")
    drop_files(page.locator(".polyimages-upload-drop"), photos["green"])
    told = page.locator(".polyimages-upload-problem")
    expect(told).to_contain_text("green.jpg: ")
    assert page.locator("body").inner_text().count("green.jpg") == 1
    assert all("404" in one for one in complaints)
    complaints.clear()


def test_three_requests_make_an_image(show, acme, editor):
    page = show(f"<script>{script('uploads.js')}</script>")
    content = list(photo())
    image = page.evaluate(
        "bytes => uploadImage(new File([new Uint8Array(bytes)], 'door.jpg',"
        " { type: 'image/jpeg' }), 'acme')",
        content,
    )
    stored = Image.objects.get()
    assert image["id"] == stored.pk
    assert (stored.title, stored.organization, stored.creator) == ("door.jpg", acme, editor)


def test_the_scripts_tell_the_progress(show, acme):
    names = ("putting", "sending")
    sources = "".join(f'<script src="/static/polyimages/{name}.js"></script>' for name in names)
    page = show(f"{sources}<script>{script('progress.js')}</script>")
    told = page.evaluate(
        """bytes => new Promise((resolve) => {
            const file = new File([new Uint8Array(bytes)], "door.jpg", { type: "image/jpeg" });
            const told = [];
            const upload = uploadWithProgress(file, "acme", (state, part) => {
                told.push([state, part]);
                if (state === "received") resolve({ told, id: upload.id });
            });
        })""",
        list(photo()),
    )
    assert told["told"][-1] == ["received", 1]
    assert told["id"] == str(PendingUpload.objects.get().pk)
