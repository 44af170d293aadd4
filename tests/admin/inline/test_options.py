"""What a host sets on a subclass of ``ImageInline`` means what Django says of its inlines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.forms import Textarea
from django.urls import path

from contacts.admin import ContactAdmin
from contacts.models import Contact
from django_polyimages.admin import ImageInline
from django_polyimages.admin.inline.relation_forms import ImageRelationForm
from django_polyimages.models import Image, PolymorphicImageRelation
from tests.admin.inline.sending import PREFIX, errors_of, save, url_of
from tests.builders import attached_to, fake_images, titles_of
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db


class InlineWithLinks(ImageInline):
    show_change_link = True


site = admin.AdminSite()
site.register(Contact, type("LinkingAdmin", (admin.ModelAdmin,), {"inlines": [InlineWithLinks]}))
site.register(PolymorphicImageRelation)
urlpatterns = [path("admin/", site.urls)]
"""An admin that knows relations, too."""


@pytest.fixture
def inline(monkeypatch) -> Callable[..., None]:
    """``inline(max_num=3)`` puts a subclass with these attributes into the page of a contact."""

    def use(**attributes: Any) -> None:
        subclass = type("OwnInline", (ImageInline,), attributes)
        monkeypatch.setattr(ContactAdmin, "inlines", [subclass])
        assert ContactAdmin(Contact, admin.site).check() == []

    return use


def fields_on(page: str, number: int | str = 0) -> set[str]:
    return set(re.findall(rf'name="{PREFIX}-{number}-(\w+)"', page))


def page_of(client, contact) -> str:
    response = client.get(url_of(contact))
    assert response.status_code == 200
    return response.content.decode().split("polyimages-inline-empty")[0]


class TestFields:
    def test_only_some(self, admin_client, contact, dawn, noon, inline):
        contact.images.attach(dawn)
        inline(fields=["custom_alt_text"])
        page = page_of(admin_client, contact)
        assert fields_on(page) == {"id", "image", "DELETE", "custom_alt_text"}
        assert fields_on(page, 1) == {"id", "image", "upload", "custom_alt_text"}
        changes = {dawn: {"custom_alt_text": "Sun", "order": "", "custom_title": "Smuggled"}}
        rows = [{"image": noon.pk}, {"upload": upload_of(photo(), "a.jpg")}]
        assert save(admin_client, contact, *rows, changes=changes).status_code == 302
        assert titles_of(contact) == ["Dawn", "Noon", "a.jpg"]
        assert contact.images.first().alt_text == "Sun"
        assert contact.images.first().custom_title == ""

    def test_in_fieldsets(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        inline(fieldsets=[(None, {"fields": [("order", "is_cover")]})])
        shown = {"id", "image", "DELETE", "order", "is_cover"}
        assert fields_on(page_of(admin_client, contact)) == shown

    def test_not_the_library(self, admin_client, contact, dawn, noon, inline):
        contact.images.attach(dawn)
        inline(exclude=["image"])
        page = page_of(admin_client, contact)
        assert "Choose from the library" not in page
        assert f'name="{PREFIX}-uploads"' in page
        save(admin_client, contact, {"image": noon.pk}, {"upload": upload_of(photo(), "a.jpg")})
        text = errors_of(save(admin_client, contact, {"custom_title": "x"}))
        assert "Choose either a file or" in text
        assert noon not in attached_to(contact)

    def test_not_uploads(self, admin_client, contact, dawn, noon, inline):
        inline(exclude=["upload"])
        page = page_of(admin_client, contact)
        assert "Choose from the library" in page
        assert "upload" not in fields_on(page)
        assert f'name="{PREFIX}-uploads"' not in page
        save(admin_client, contact, {"image": noon.pk}, uploads=[upload_of(photo())])
        assert titles_of(contact) == ["Noon"]

    def test_neither(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        inline(exclude=["upload", "image"])
        page = page_of(admin_client, contact)
        assert "polyimages-inline-add" not in page
        assert fields_on(page, 1) == set()

    @pytest.mark.parametrize("name", ["order", "is_cover", "custom_alt_text", "image"])
    def test_read_only(self, admin_client, contact, dawn, inline, name):
        relation = contact.images.attach(dawn, is_cover=True, order=7, custom_alt_text="Sun")
        inline(readonly_fields=[name])
        page = page_of(admin_client, contact)
        shown = {"order": "7", "is_cover": "icon-yes", "custom_alt_text": "Sun", "image": "Dawn"}
        assert shown[name] in re.findall(r'<div class="readonly">(.*?)</div>', page, re.DOTALL)[0]
        assert name not in fields_on(page) - {"image"}
        changes = {dawn: {"order": 1, "is_cover": "", "custom_alt_text": "Moon"}}
        assert save(admin_client, contact, changes=changes).status_code == 302
        before = getattr(relation, name)
        assert getattr(contact.images.get(), name) == before

    def test_read_only_by_a_method(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)

        @admin.display(description="size")
        def size(self, relation):
            return f"{relation.image.width} pixels" if relation.pk else "new"

        inline(readonly_fields=["size"], size=size)
        page = page_of(admin_client, contact)
        assert re.findall(r'<div class="readonly">(.*?)</div>', page) == [
            f"{dawn.width} pixels",
            "new",
        ]

    def test_other_inputs(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        overrides = {models.CharField: {"widget": Textarea(attrs={"rows": 2})}}
        inline(formfield_overrides=overrides)
        assert re.search(
            rf'<textarea name="{PREFIX}-0-custom_alt_text"', page_of(admin_client, contact)
        )

    def test_prepopulated(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        inline(prepopulated_fields={"custom_title": ["custom_alt_text"]})
        page_of(admin_client, contact)

    def test_a_form_of_its_own(self, admin_client, contact, dawn, inline):
        class Form(ImageRelationForm):
            def clean_custom_title(self):
                return self.cleaned_data["custom_title"].upper()

        def get_formset(self, request, obj=None, **options):
            return ImageInline.get_formset(self, request, obj, form=Form, **options)

        contact.images.attach(dawn)
        inline(get_formset=get_formset)
        save(admin_client, contact, changes={dawn: {"custom_title": "sun"}})
        assert contact.images.get().custom_title == "SUN"


class TestNumbers:
    def test_at_most(self, admin_client, contact, dawn, noon, inline):
        contact.images.attach(dawn)
        inline(max_num=2)
        assert 'data-room="1"' in page_of(admin_client, contact)
        files = [upload_of(photo(), f"{name}.jpg") for name in "ab"]
        text = errors_of(save(admin_client, contact, uploads=files))
        assert "An object may have at most 2 images." in text
        rows = [{"image": noon.pk}, {"upload": upload_of(photo())}]
        text = errors_of(save(admin_client, contact, *rows))
        assert "An object may have at most 2 images." in text
        assert titles_of(contact) == ["Dawn"]
        assert save(admin_client, contact, {"image": noon.pk}).status_code == 302

    def test_one_in_the_place_of_another(self, admin_client, contact, dawn, noon, inline):
        contact.images.attach(dawn)
        inline(max_num=1)
        page = page_of(admin_client, contact)
        assert 'data-room="0"' in page
        assert "polyimages-inline-add" in page
        assert fields_on(page, 1) == set(), "there is no room for an empty row"
        changes = {dawn: {"DELETE": "on"}}
        assert save(admin_client, contact, {"image": noon.pk}, changes=changes).status_code == 302
        assert titles_of(contact) == ["Noon"]

    def test_none_can_be_added_without_room(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        inline(max_num=1, can_delete=False)
        assert "polyimages-inline-add" not in page_of(admin_client, contact)

    def test_the_setting_counts_without_max_num(self, admin_client, contact, acme, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 1500}
        contact.images.attach_many(fake_images(acme, 1200))
        assert 'data-room="300"' in page_of(admin_client, contact)
        assert save_one_of_many(admin_client, contact) == 302

    @pytest.mark.parametrize(("validate", "status"), [(False, 302), (True, 200)])
    def test_more_than_allowed_that_are_there(
        self, admin_client, contact, dawn, noon, inline, validate, status
    ):
        contact.images.attach_many([dawn, noon])
        inline(max_num=1, get_formset=with_(validate_max=validate))
        assert save(admin_client, contact).status_code == status

    def test_at_least(self, admin_client, contact, dawn, noon, inline):
        inline(min_num=2)
        text = errors_of(save(admin_client, contact, {"image": dawn.pk}))
        assert "An object must have at least 2 images." in text
        files = [upload_of(photo(), f"{name}.jpg") for name in "ab"]
        assert save(admin_client, contact, uploads=files).status_code == 302

    @pytest.mark.parametrize(("validate", "status"), [(False, 302), (True, 200)])
    def test_fewer_by_removing(self, admin_client, contact, dawn, inline, validate, status):
        contact.images.attach(dawn)
        inline(min_num=1, get_formset=with_(validate_min=validate))
        changes = {dawn: {"DELETE": "on"}}
        assert save(admin_client, contact, changes=changes).status_code == status

    def test_empty_rows(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        inline(extra=1, get_extra=lambda self, request, obj=None, **options: 3)
        page = page_of(admin_client, contact)
        assert [bool(fields_on(page, number)) for number in range(1, 5)] == [True] * 3 + [False]


class TestTheRest:
    def test_nothing_can_be_removed(self, admin_client, contact, dawn, inline):
        contact.images.attach(dawn)
        inline(can_delete=False)
        page = page_of(admin_client, contact)
        assert "polyimages-card-delete" not in page
        save(admin_client, contact, changes={dawn: {"DELETE": "on"}})
        assert titles_of(contact) == ["Dawn"]

    def test_a_link_to_the_relation(self, admin_client, contact, dawn, settings):
        relation = contact.images.attach(dawn)
        settings.ROOT_URLCONF = __name__
        page = page_of(admin_client, contact)
        assert f'href="/admin/polyimages/polymorphicimagerelation/{relation.pk}/change/"' in page

    def test_names_and_classes(self, admin_client, contact, inline):
        inline(verbose_name_plural="plans", verbose_name="plan", classes=["collapse", "wide"])
        page = page_of(admin_client, contact)
        assert re.search(
            r'class="module collapse wide".*?<details><summary>\s*<h2[^>]*>Plans', page, re.DOTALL
        )

    def test_other_images(self, admin_client, contact, dawn, noon, inline):
        contact.images.attach(dawn, custom_title="plan")
        contact.images.attach(noon)

        def get_queryset(self, request):
            return ImageInline.get_queryset(self, request).filter(custom_title="plan")

        inline(get_queryset=get_queryset, max_num=1)
        page = page_of(admin_client, contact)
        assert re.findall(r'data-image="(\d+)"', page) == [str(dawn.pk)]
        assert 'data-room="0"' in page

    @pytest.mark.parametrize("action", ["add", "change", "delete", "view"])
    def test_permissions_of_its_own(self, admin_client, contact, dawn, inline, action):
        contact.images.attach(dawn)
        inline(**{f"has_{action}_permission": lambda self, request, obj=None: False})
        page = page_of(admin_client, contact)
        assert ("polyimages-inline-add" in page) == (action != "add")
        assert ("polyimages-card-delete" in page) == (action != "delete")
        assert ("order" in fields_on(page)) == (action != "change")

    def test_two_of_them(self, admin_client, contact, dawn, noon, monkeypatch):
        def only(title):
            def get_queryset(self, request):
                return ImageInline.get_queryset(self, request).filter(custom_title=title)

            return get_queryset

        inlines = [
            type(name, (ImageInline,), {"get_queryset": only(name), "verbose_name_plural": name})
            for name in ("plans", "photos")
        ]
        monkeypatch.setattr(ContactAdmin, "inlines", inlines)
        contact.images.attach(dawn, custom_title="plans")
        contact.images.attach(noon, custom_title="photos")
        page = admin_client.get(url_of(contact)).content.decode()
        assert f'name="{PREFIX}-2-0-custom_title" value="photos"' in page
        data = {"organization": contact.organization_id, "name": "Ada"}
        for prefix, image in ((PREFIX, dawn), (f"{PREFIX}-2", noon)):
            relation = contact.images.get(image=image)
            data |= {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 1}
            data |= {f"{prefix}-0-id": relation.pk, f"{prefix}-0-custom_alt_text": image.title}
            data |= {f"{prefix}-uploads": upload_of(photo(), f"{image.title}.jpg")}
        assert admin_client.post(url_of(contact), data).status_code == 302
        assert titles_of(contact) == ["Dawn", "Noon", "Dawn.jpg", "Noon.jpg"]
        assert [one.custom_alt_text for one in contact.images.all()][:2] == ["Dawn", "Noon"]


def with_(**chosen: Any) -> Callable[..., Any]:
    def get_formset(self, request, obj=None, **options):
        return ImageInline.get_formset(self, request, obj, **options, **chosen)

    return get_formset


def save_one_of_many(client, contact) -> int:
    relation = contact.images.first()
    data = {
        "organization": contact.organization_id,
        "name": contact.name,
        f"{PREFIX}-TOTAL_FORMS": 1,
        f"{PREFIX}-INITIAL_FORMS": 1,
        f"{PREFIX}-0-id": relation.pk,
        f"{PREFIX}-0-DELETE": "on",
    }
    status = client.post(url_of(contact), data).status_code
    assert not Image.objects.filter(relations=relation).exists()
    return int(status)
