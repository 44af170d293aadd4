"""Managers of a host. pyright knows them with django-stubs 6.1 and newer: before, the stubs
declare ``objects`` for every model.
"""

from __future__ import annotations

from typing import ClassVar, assert_type

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db import models

from django_polyimages.models import (
    AbstractImage,
    ImageAttachable,
    ImageAttachableQuerySet,
    ImageManager,
    ImageQuerySet,
)


class ShotQuerySet(ImageQuerySet["Shot"]):
    def by(self, photographer: str) -> ShotQuerySet:
        return self.filter(photographer=photographer)


class ShotManager(ImageManager["Shot"]):
    def by(self, photographer: str) -> ShotQuerySet:
        return ShotQuerySet(self.model, using=self.db).by(photographer)


class Shot(AbstractImage):
    photographer = models.CharField(max_length=100)

    objects: ClassVar[ShotManager] = ShotManager()  # pyright: ignore[reportIncompatibleVariableOverride]


class Page(ImageAttachable):
    objects = ImageAttachableQuerySet["Page"].as_manager()


def of_own_managers(acme: Group) -> None:
    assert_type(Shot.objects.by("Ada").newest_first().by("Ada"), ShotQuerySet)
    assert_type(Shot.objects.upload(ContentFile(b""), organization=acme), Shot)
    assert_type(Page.objects.prefetch_images().get(), Page)
    assert_type(Page.objects.with_cover().first(), Page | None)
