"""The scripts of the package, and the pages that ask for them."""

from __future__ import annotations

import re
from pathlib import Path

from django.contrib.admin import site

import django_polyimages
from contacts.models import Contact
from django_polyimages.admin import ImageAdmin, ImageInline
from django_polyimages.forms import MultipleImageUploadInput
from django_polyimages.models import Image

SCRIPTS = Path(django_polyimages.__file__).parent / "static" / "polyimages"


def test_each_is_loaded_once_the_page_is_read():
    inline = ImageInline(Contact, site)
    media = ImageAdmin(Image, site).media + inline.media + MultipleImageUploadInput().media
    loaded = re.findall(r'<script src="/static/polyimages/(\S+)" defer></script>', str(media))
    assert sorted(loaded) == sorted(path.name for path in SCRIPTS.glob("*.js"))
