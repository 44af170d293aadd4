"""Images in Django's admin. A host with its own image model registers it with ``ImageAdmin``."""

from __future__ import annotations

from django.contrib import admin

from django_polyimages.accessors import get_image_model
from django_polyimages.admin.deletions import FileDeletionAdmin
from django_polyimages.admin.inline.inline import ImageInline
from django_polyimages.admin.library.host_deletion import ImageDeletionMixin
from django_polyimages.admin.library.images import ImageAdmin
from django_polyimages.models import FileDeletion, Image

__all__ = ["FileDeletionAdmin", "ImageAdmin", "ImageDeletionMixin", "ImageInline"]

admin.site.register(FileDeletion, FileDeletionAdmin)
if get_image_model() is Image:  # a host registers its own image model itself
    admin.site.register(Image, ImageAdmin)
