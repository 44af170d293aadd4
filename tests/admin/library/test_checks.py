"""System checks of ``ImageAdmin``."""

from __future__ import annotations

from django.contrib import admin

from django_polyimages.admin import ImageAdmin
from django_polyimages.models import Image


def checked(**attributes: object) -> list[str]:
    subclass = type("OwnAdmin", (ImageAdmin,), attributes)
    return [str(found.id) for found in subclass(Image, admin.site).check()]


def test_texts_can_be_edited_in_the_list():
    assert checked() == []
    assert checked(list_display=["thumbnail", "alt_text"], list_editable=["alt_text"]) == []


def test_a_list_in_which_images_can_leave_their_organization():
    assert checked(list_editable=["organization"]) == ["polyimages.W048"]
