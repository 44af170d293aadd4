"""Files are sent as soon as they are dropped: to the application or straight to a bucket.

``UPLOAD_MEGAPIXELS=12`` makes photos as large as those of a camera.
"""

from __future__ import annotations

import gc
import hashlib
import os
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.utils import timezone
from PIL import Image as Pillow
from playwright.sync_api import Locator, Page, Route, expect

from django_polyimages import storage
from django_polyimages.models import Image, PendingUpload
from django_polyimages.storage.s3 import s3_storage
from tests import seaweedfs
from tests.browser.actions import drop_files
from tests.browser.cutting_proxy import Proxy, cutting_proxy
from tests.builders import uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

MEGAPIXELS = float(os.environ.get("UPLOAD_MEGAPIXELS", "0.3"))
PATIENCE = 20_000 + 15_000 * MEGAPIXELS
NUMBER = 10
RECEIVED = ".polyimages-upload-progress[data-state=received]"


@pytest.fixture(scope="session")
def camera(tmp_path_factory) -> list[Path]:
    """Nine photos, and a text that is named as one."""
    folder = tmp_path_factory.mktemp("camera")
    width = int((MEGAPIXELS * 1_000_000 * 4 / 3) ** 0.5)
    paths = [folder / f"photo-{number}.jpg" for number in range(NUMBER)]
    for path in paths:
        noise = Pillow.effect_noise((width, width * 3 // 4), 40)
        Pillow.merge("RGB", [noise, noise.rotate(180), noise]).save(path, quality=80)
    paths[4].write_text("No photo.")
    return paths


@pytest.fixture
def address(contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


@pytest.fixture
def before_site(live_server) -> Iterator[Proxy]:
    """A proxy before the application."""
    site = urlsplit(live_server.url)
    with cutting_proxy(site.hostname, site.port) as proxy:
        yield proxy


@pytest.fixture
def before_bucket(s3_server, settings, live_server) -> Iterator[Proxy]:
    """A proxy before a bucket, which is reached over TLS: pages of the site may write to it."""
    server = urlsplit(s3_server.https)
    with cutting_proxy(server.hostname, server.port) as proxy:
        entry = s3_storage(
            f"test-{uuid.uuid4().hex}",
            endpoint_url=f"https://127.0.0.1:{proxy.port}",
            access_key=seaweedfs.ACCESS_KEY,
            secret_key=seaweedfs.SECRET_KEY,
            verify=s3_server.ca_bundle,
        )
        settings.STORAGES = settings.STORAGES | {"polyimages": entry}
        bucket = storage.get_storage().bucket
        bucket.create()
        may_put = {"AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}
        rule = may_put | {"AllowedOrigins": [live_server.url]}
        bucket.Cors().put(CORSConfiguration={"CORSRules": [rule]})
        yield proxy
        bucket.meta.client.close()
    gc.collect()


def card(page: Page, title: str) -> Locator:
    return page.locator(f".polyimages-card[data-title='{title}']")


def zone(page: Page) -> Locator:
    return page.locator(".polyimages-inline-add .polyimages-upload-drop")


def save(page: Page) -> None:
    with page.expect_navigation(timeout=PATIENCE):  # once the files have arrived
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible(timeout=PATIENCE)


@contextmanager
def held(page: Page, name: str) -> Iterator[None]:
    """The upload of this file does not begin meanwhile."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        if name in (route.request.post_data or ""):
            routes.append(route)
        else:
            route.continue_()

    page.route("**/uploads/", hold)
    try:
        yield
    finally:
        for route in routes:
            route.abort()
        page.unroute("**/uploads/", hold)


def drop_ten(page: Page, paths: list[Path], proxy: Proxy) -> None:
    """The connection is lost twice, a file is wrong, one is cancelled, the form has an error."""
    page.set_default_timeout(PATIENCE)
    proxy.cut(2, after=paths[0].stat().st_size // 2)
    with held(page, "photo-9.jpg"):
        drop_files(zone(page), *paths)
        told = page.locator(".polyimages-upload-problem")
        expect(told).to_contain_text("photo-4.jpg: Unsupported")
        expect(page.locator(RECEIVED)).to_have_count(8, timeout=PATIENCE)
        card(page, "photo-9.jpg").get_by_role("button", name="Cancel photo-9.jpg").click()
    expect(page.locator(".polyimages-card")).to_have_count(8)
    expect(page.locator(".polyimages-upload-status")).to_have_text("Uploaded: 8 of 8")
    assert proxy.cuts == 2

    page.locator("#contact_form").evaluate("form => form.noValidate = true")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".errornote").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("please choose again")).to_have_count(0)
    expect(page.locator(".polyimages-card img")).to_have_count(8)
    page.get_by_label("Name").fill("Ada")
    save(page)


def check_the_eight(contact, paths: list[Path]) -> None:
    right = [path for number, path in enumerate(paths) if number not in (4, 9)]
    attached = [relation.image for relation in contact.images.all()]
    assert [image.title for image in attached] == [path.name for path in right]
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in right]
    assert [image.sha256 for image in attached] == hashes
    assert Image.objects.count() == 8
    assert {image.creator.username for image in attached} == {"boss"}


def sweep() -> None:
    """The daily command, when the time of all uploads has been over for long."""
    past = timezone.now() - timedelta(hours=1)
    PendingUpload.objects.update(expires_at=past)
    call_command("polyimages_maintain", verbosity=0)
    assert not PendingUpload.objects.exists()


def attached(contact) -> list[str]:
    return [relation.image.title for relation in contact.images.all()]


def test_saving_waits_for_what_is_on_its_way(visit, boss, contact, address, photos):
    page = visit(address, boss)
    with held(page, "green.jpg"):
        drop_files(zone(page), *photos.values())
        expect(page.locator(RECEIVED)).to_have_count(2)
        page.get_by_role("button", name="Save and continue editing").click()
        told = page.locator(".polyimages-inline-status")
        expect(told).to_have_text("The form will be saved as soon as all files are uploaded.")
        assert not contact.images.exists()
        card(page, "green.jpg").get_by_role("button", name="Cancel").press("Enter")
        expect(page.locator(".messagelist .success")).to_be_visible()
    assert attached(contact) == ["red.jpg", "blue.jpg"]
    assert page.url.endswith("/change/")  # saved by the button that was pressed


def test_no_more_than_three_are_sent_at_once(visit, boss, address, camera):
    page = visit(address, boss)
    routes: list[Route] = []
    page.route("**/uploads/", lambda route: routes.append(route))
    drop_files(zone(page), *camera[:4], *camera[5:])
    for received in range(9):
        for _moment in range(300):
            if len(routes) >= min(3, 9 - received):
                break
            page.wait_for_timeout(100)
        page.wait_for_timeout(300)  # time for one too many
        assert len(routes) == min(3, 9 - received)
        routes.pop().continue_()
        expect(page.locator(RECEIVED)).to_have_count(received + 1, timeout=30_000)


def test_a_connection_that_does_not_come_back_leaves_a_button(
    visit, boss, contact, address, photos, complaints
):
    page = visit(address, boss)
    page.clock.install()
    page.route("**/file/**", lambda route: route.abort("connectionreset"))
    drop_files(zone(page), photos["red"], photos["green"])
    interrupted = page.locator(".polyimages-upload-progress[data-state=interrupted]")
    again = card(page, "red.jpg").get_by_role("button", name="Try again red.jpg")
    for _attempt in range(4):
        expect(interrupted).to_have_count(2)
        expect(interrupted.first).to_contain_text("The connection was lost. Trying again")
        page.clock.run_for(8000)
    expect(again).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    told = page.locator(".polyimages-inline-status")
    expect(told).to_contain_text("Not saved, because not all files could be uploaded.")
    expect(again).to_be_focused()

    page.unroute("**/file/**")
    page.keyboard.press("Enter")
    expect(page.locator(RECEIVED)).to_have_count(1)
    expect(card(page, "red.jpg").get_by_role("button", name="Earlier")).to_be_focused()
    card(page, "green.jpg").get_by_role("button", name="Remove").click()
    save(page)
    assert attached(contact) == ["red.jpg"]
    assert PendingUpload.objects.filter(state="waiting").count() == 0, "the places were given back"
    assert all("ERR_CONNECTION_RESET" in one for one in complaints)
    complaints.clear()


def test_pictures_are_pasted_and_dropped_on_the_cards(visit, boss, contact, address, photos):
    contact.images.attach(uploaded(contact.organization, title="One"))
    page = visit(address, boss)
    drop_files(card(page, "One"), photos["red"])
    expect(page.locator(RECEIVED)).to_have_count(1)
    paste = """([text]) => {
        const clipboardData = new DataTransfer();
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        clipboardData.items.add(new File([bytes], "image.jpg", { type: "image/jpeg" }));
        const options = { clipboardData, bubbles: true, cancelable: true };
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", options));
    }"""
    page.evaluate(paste, [b64encode(photos["green"].read_bytes()).decode()])
    expect(page.locator(RECEIVED)).to_have_count(2)
    save(page)
    assert attached(contact) == ["One", "red.jpg", "image.jpg"]


def test_uploads_on_their_way_break_no_rule(visit, boss, address, photos, violations):
    page = visit(address, boss)
    with held(page, "green.jpg"):
        drop_files(zone(page), *photos.values())
        expect(page.locator(RECEIVED)).to_have_count(2)
        bar = card(page, "green.jpg").get_by_role("progressbar", name="green.jpg")
        expect(bar).to_be_visible()
        assert violations(page) == []
        card(page, "green.jpg").get_by_role("button", name="Cancel").click()


class TestLibrary:
    PAGE = "/admin/polyimages/image/add/"

    def test_several_files_become_images(self, visit, boss, acme, photos, tmp_path):
        (tmp_path / "fake.jpg").write_text("No picture.")
        page = visit(self.PAGE, boss)
        page.get_by_label("Organization").select_option(label="Acme")
        page.get_by_label("Description").fill("Of a series")
        drop_files(page.locator(".polyimages-upload-drop"), *photos.values(), tmp_path / "fake.jpg")
        expect(page.locator(RECEIVED)).to_have_count(3)
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url("**/admin/polyimages/image/")
        images = Image.objects.order_by("title")
        assert [image.title for image in images] == ["blue.jpg", "green.jpg", "red.jpg"]
        assert {image.description for image in images} == {"Of a series"}
        assert {(image.organization, image.creator) for image in images} == {(acme, boss)}

    def test_a_single_file_survives_an_error(self, visit, boss, acme, photos):
        page = visit(self.PAGE, boss)
        page.locator("#image_form").evaluate("form => form.noValidate = true")
        drop_files(page.locator(".polyimages-upload-drop"), photos["red"])
        expect(page.locator(RECEIVED)).to_have_count(1)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".errornote")).to_be_visible()
        expect(page.locator(".polyimages-upload-item img")).to_have_count(1)
        page.get_by_label("Organization").select_option(label="Acme")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".messagelist .success")).to_be_visible()
        assert Image.objects.get().title == "red.jpg"

    def test_what_is_refused_stays_with_the_reason(
        self, visit, boss, acme, photos, monkeypatch, complaints
    ):
        page = visit(self.PAGE, boss)
        page.get_by_label("Organization").select_option(label="Acme")
        drop_files(page.locator(".polyimages-upload-drop"), *photos.values())
        expect(page.locator(RECEIVED)).to_have_count(3)
        for upload in PendingUpload.objects.filter(file_name="green.jpg"):
            upload.cancel()
        page.get_by_role("button", name="Save", exact=True).click()
        item = page.locator(".polyimages-upload-item")
        expect(item).to_have_count(1)
        expect(item).to_contain_text("green.jpg")
        expect(item).to_contain_text("This upload does not exist")
        assert Image.objects.count() == 2
        assert all("404" in one for one in complaints)
        complaints.clear()


def test_ten_files_through_the_application(
    visit, boss, contact, address, camera, before_site, complaints, files, bodies
):
    page = visit(f"http://localhost:{before_site.port}{address}", boss)
    drop_ten(page, camera, before_site)
    check_the_eight(contact, camera)
    sent_with_forms = [size for size in bodies.sizes if size > camera[0].stat().st_size * 2]
    assert sent_with_forms == [], "each file is in a request of its own"
    sweep()
    kept = {key for image in Image.objects.all() for key in image.keys}
    assert set(stored_keys(files)) == kept
    assert stored_keys(files, "images-incoming") == []
    assert all("ERR_CONNECTION" in one or "ERR_EMPTY" in one for one in complaints)
    complaints.clear()


def test_ten_files_straight_to_a_bucket(
    visit, boss, contact, address, camera, before_bucket, complaints, bodies
):
    page = visit(address, boss, ignore_https_errors=True)
    drop_ten(page, camera, before_bucket)
    check_the_eight(contact, camera)
    assert sum(bodies.sizes) < camera[0].stat().st_size, "no file has passed through Django"
    sweep()
    kept = {item.key for item in storage.get_storage().bucket.objects.all()}
    assert kept == {key for image in Image.objects.all() for key in image.keys}
    assert all("ERR_CONNECTION" in one or "ERR_EMPTY" in one for one in complaints)
    complaints.clear()
