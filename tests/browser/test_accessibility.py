"""What axe-core finds on our pages of the admin; not what Django's own markup makes it find."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from django_polyimages.models import Image
from tests.browser.actions import drop_files

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_inline(visit, violations, boss, contact, image, photos):
    contact.images.attach(image, is_cover=True)
    page = visit(f"/admin/contacts/contact/{contact.pk}/change/", boss)
    drop_files(page.locator(".polyimages-inline-add .polyimages-upload-drop"), photos["red"])
    for summary in page.locator(".polyimages-card summary").all():
        summary.click()
    assert violations(page) == []
    page.set_viewport_size({"width": 400, "height": 900})
    assert violations(page) == []


def test_the_inline_with_errors_and_without_scripts(visit, violations, boss, contact, image):
    contact.images.attach(image)
    page = visit(f"/admin/contacts/contact/{contact.pk}/change/", boss)
    page.locator("#contact_form").evaluate("form => form.noValidate = true")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errornote").first).to_be_visible()
    page.locator(".polyimages-inline").evaluate(
        "inline => inline.classList.remove('polyimages-inline-scripted')"
    )
    assert violations(page) == []


def test_the_library_dialog(visit, violations, boss, acme, contact, image):
    contact.images.attach(image)
    page = visit(f"/admin/contacts/contact/{contact.pk}/change/", boss)
    page.get_by_role("button", name="Choose from the library").click()
    expect(page.get_by_role("dialog").locator("li")).to_have_count(1)
    assert violations(page, "dialog") == []


def test_the_list_of_images(visit, violations, boss, image):
    Image.objects.update(status="failed", failure_reason="thumb: Too wide.")
    page = visit("/admin/polyimages/image/", boss)
    assert violations(page) == []


def test_the_page_of_an_image(visit, violations, boss, contact, image):
    contact.images.attach(image)
    page = visit(f"/admin/polyimages/image/{image.pk}/change/", boss)
    assert violations(page) == []


def test_the_page_that_adds_an_image(visit, violations, boss):
    page = visit("/admin/polyimages/image/add/", boss)
    assert violations(page) == []


def test_a_page_with_an_upload_form(visit, violations, editor, contact, image):
    contact.images.attach(image)
    page = visit(contact.get_absolute_url(), editor)
    assert violations(page, "body") == []
