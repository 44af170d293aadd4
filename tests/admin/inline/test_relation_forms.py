from __future__ import annotations

import re

import pytest

from contacts.admin import ContactAdmin
from django_polyimages.admin import ImageInline
from django_polyimages.admin.inline.relation_forms import ImageRelationForm
from tests.admin.inline.sending import PREFIX, errors_of, form_of, save, url_of
from tests.builders import uploaded
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


class TestRow:
    def test_a_damaged_file_in_a_row(self, admin_client, contact):
        text = errors_of(save(admin_client, contact, {"upload": upload_of(photo()[:-2000])}))
        assert "damaged" in text
        assert stored_keys() == []

    def test_a_row_with_neither_file_nor_image_and_one_with_both(self, admin_client, contact, dawn):
        text = errors_of(save(admin_client, contact, {"custom_alt_text": "x"}))
        assert "Choose either a file or an image from the library." in text
        both = {"image": dawn.pk, "upload": upload_of(photo())}
        assert "Choose either a file or" in errors_of(save(admin_client, contact, both))

    def test_shows_a_title_as_the_list_of_images_does(self, admin_client, acme, contact):
        contact.images.attach(uploaded(acme, title="my_last-summer.JPG"))
        page = admin_client.get(url_of(contact)).content.decode()
        assert 'data-title="my last summer"' in page

    def test_says_that_an_image_is_pending_or_why_it_failed(
        self, admin_client, acme, contact, task_engine
    ):
        image = uploaded(acme)
        contact.images.attach(image)
        page = admin_client.get(url_of(contact)).content.decode()
        for part in ("card", "note"):
            assert (
                f'data-polyimages-pending="{image.pk}" data-part="{part}"'
                ' data-url="/admin/polyimages/image/pending/"'
            ) in page
        assert '<span class="polyimages-pending">pending</span>' in page
        assert image.versions["thumb"].url in page
        type(image).objects.update(status="failed", failure_reason="TimeoutError")
        page = admin_client.get(url_of(contact)).content.decode()
        assert '<span class="polyimages-failed">failed: TimeoutError</span>' in page
        assert "data-polyimages-pending" not in page
        type(image).objects.update(status="ready", failure_reason="")
        assert "polyimages-card-note" not in admin_client.get(url_of(contact)).content.decode()

    def test_an_image_that_is_not_there(self, admin_client, contact):
        assert "valid choice" in errors_of(save(admin_client, contact, {"image": 4711}))


class TestFilesThatWereSentWithAnError:
    @pytest.fixture
    def two(self, monkeypatch):
        second = type("Second", (ImageInline,), {})
        monkeypatch.setattr(ContactAdmin, "inlines", [ImageInline, second])

    @pytest.mark.usefixtures("two")
    def test_each_inline_names_its_own_once(self, admin_client, contact):
        contact.name = ""
        files = [upload_of(photo(), "b.jpg"), upload_of(photo(), "c.jpg")]
        data = form_of(contact, {"upload": upload_of(photo(), "a.jpg")}, uploads=files)
        second = f"{PREFIX}-2"
        data |= {f"{second}-TOTAL_FORMS": 0, f"{second}-INITIAL_FORMS": 0}
        data |= {f"{second}-uploads": [upload_of(photo(), "d.jpg")]}
        html = admin_client.post(url_of(contact), data).content.decode()
        told = re.findall(r"please choose again: ([^<]*?)\s*</p>", html)
        assert told == ["a.jpg, b.jpg, c.jpg", "d.jpg"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("label", ["Title here", "Title here?", "<b>", ""])
def test_labels_are_those_of_django(
    admin_client, contact, dawn, monkeypatch, settings, label, language
):
    """The template writes them itself, as Django would render a template for each."""

    class Labelled(ImageRelationForm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.fields["custom_title"].label = label

    settings.LANGUAGE_CODE = language
    monkeypatch.setattr(ImageInline, "form", Labelled)
    contact.images.attach(dawn)
    page = admin_client.get(url_of(contact))
    form = page.context["inline_admin_formsets"][0].formset.forms[0]
    assert form["custom_title"].label_tag() in re.sub(r"\s*\n\s*", " ", page.content.decode())


def test_a_card_of_a_relation_has_no_fields_for_another_image(admin_client, contact, dawn):
    contact.images.attach(dawn)
    page = admin_client.get(url_of(contact))
    shown, empty = page.context["inline_admin_formsets"][0].formset.forms
    assert {"upload", "image"} <= set(empty.fields)
    assert set(empty.fields) - set(shown.fields) == {"upload", "image"}
    assert {"upload", "image"} <= set(type(shown).base_fields)  # which all cards share
