from __future__ import annotations

import pytest
from django import forms
from django.contrib import admin
from django.contrib.contenttypes.forms import BaseGenericInlineFormSet

from contacts.models import Contact
from django_polyimages.admin import ImageInline


def checked(inline: type[ImageInline], **options: object) -> list[str]:
    """The messages about an admin with this inline, as ``manage.py check`` collects them."""
    site = admin.AdminSite()
    options = {"inlines": [inline]} | options
    site.register(Contact, type("ContactAdmin", (admin.ModelAdmin,), options))
    return [f"{found.id}: {found.msg}" for found in site.get_model_admin(Contact).check()]


def test_a_usual_inline_is_fine():
    assert checked(ImageInline) == []
    assert checked(ImageInline, list_display=["id", "name"], list_editable=["name"]) == []


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"form": forms.ModelForm}, "The form of Own does not inherit ImageRelationForm."),
        (
            {"formset": BaseGenericInlineFormSet},
            "The formset of Own does not inherit ImageFormSet.",
        ),
    ],
)
def test_what_cannot_work_is_an_error(attributes, told):
    assert checked(type("Own", (ImageInline,), attributes)) == [f"polyimages.E039: {told}"]


@pytest.mark.parametrize("path", ["organization", "organization__memberships"])
def test_a_list_in_which_objects_can_leave_their_organization(monkeypatch, path):
    monkeypatch.setattr(Contact, "image_organization_path", path)
    editable = {"list_display": ["name", "organization"], "list_editable": ["organization"]}
    assert [told[:16] for told in checked(ImageInline, **editable)] == ["polyimages.W036:"]


def test_without_an_organization_there_is_nothing_to_warn_of(monkeypatch):
    monkeypatch.setattr(Contact, "image_organization_path", None)
    editable = {"list_display": ["name", "organization"], "list_editable": ["organization"]}
    assert checked(ImageInline, **editable) == []
