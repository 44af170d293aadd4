"""Objects that use an image, one of each model."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Model

from django_polyimages.models import Image
from tests.hosts.uses import models

USERS: dict[str, Callable[[Image], Model]] = {
    "poster": lambda image: models.Poster.objects.create(name="Fair", photo=image),
    "banner": lambda image: models.Banner.objects.create(name="Top", photo=image),
    "page": lambda image: models.Page.objects.create(name="Start", background=image),
    "badge": lambda image: models.Badge.objects.create(name="Gold", picture=image),
    "album": lambda image: _with(models.Album.objects.create(name="Summer"), image),
    "slide": lambda image: models.Slide.objects.create(
        name="First", slideshow=models.Slideshow.objects.create(name="Show"), photo=image
    ),
    "favourite": lambda image: models.Favourite.objects.create(name="Mine", content_object=image),
    "comment": lambda image: models.Comment.objects.create(name="Nice", about=image),
}


def _with(album: models.Album, image: Image) -> models.Album:
    album.photos.add(image)
    return album
