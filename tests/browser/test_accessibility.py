"""What axe-core finds on our pages of the admin; not what Django's own markup makes it find."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from django_polyimages.models import Image
from tests.browser.actions import drop_files

pytestmark = pytest.mark.django_db(transaction=True)

DJANGO = ("#header", "#nav-sidebar", "#toggle-nav-sidebar", "#changelist-filter", ".submit-row")
"""Parts of the page that Django's admin draws."""


END_TRANSITIONS = """async () => {
    await new Promise(requestAnimationFrame);
    document.getAnimations().forEach((animation) => animation.finish());
}"""


@pytest.fixture
def violations(npm):
    """``violations(page)``: the rules that the page breaks, light or dark, and where."""
    script = (npm / "axe-core" / "axe.min.js").read_text()

    def find(page: Page, inside: str = "#content") -> list[str]:
        page.evaluate(script)
        context = {"include": [[inside]], "exclude": [[selector] for selector in DJANGO]}
        found = []
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.evaluate(END_TRANSITIONS)
            result = page.evaluate("context => axe.run(context)", context)
            found += [
                f"{theme}: {rule['id']}: {node['html']} {node['failureSummary']}"
                for rule in result["violations"]
                for node in rule["nodes"]
            ]
        return found

    return find


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
