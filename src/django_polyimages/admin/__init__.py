"""Images in Django's admin; a host with an image model of its own registers it with these."""

from __future__ import annotations

from django.contrib import admin

from django_polyimages.accessors import get_image_model
from django_polyimages.admin.inline.inline import ImageInline
from django_polyimages.admin.library.images import ImageAdmin
from django_polyimages.models import Image

__all__ = ["ImageAdmin", "ImageInline"]

if get_image_model() is Image:  # a host registers its own model, with ImageAdmin if it likes
    admin.site.register(Image, ImageAdmin)
