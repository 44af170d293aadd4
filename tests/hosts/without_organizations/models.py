from __future__ import annotations

from django.db import models

from django_polyimages.models import ImageAttachable, ImageAttachableQuerySet


class Article(ImageAttachable):
    title = models.CharField(max_length=100)

    objects = ImageAttachableQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title
