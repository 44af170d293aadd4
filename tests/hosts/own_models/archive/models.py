import uuid

from django.conf import settings
from django.db import models

from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    ImageAttachable,
    ImageAttachableQuerySet,
    ImageManager,
    ImageQuerySet,
)


class Book(ImageAttachable):
    organization = models.ForeignKey("auth.Group", on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    image_organization_path = "organization"
    objects = ImageAttachableQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Holding(ImageAttachable):
    """The base class of models whose primary key is no integer."""

    organization = models.ForeignKey("auth.Group", on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    image_organization_path = "organization"
    objects = ImageAttachableQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Reading(Holding):
    """Has a UUID as its primary key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class Branch(Holding):
    """Has a text as its primary key."""

    code = models.CharField(primary_key=True, max_length=20)


# Everything below was added later, together with the app's own image models.


class PhotoQuerySet(ImageQuerySet):
    def by(self, photographer: str) -> "PhotoQuerySet":
        return self.filter(photographer=photographer)


class Photo(AbstractImage):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photographer = models.CharField(max_length=100, blank=True)
    licence = models.CharField(max_length=50, default="all rights reserved")
    topics = models.ManyToManyField("auth.Group", blank=True, related_name="+")
    checked = models.DateTimeField(auto_now=True)

    objects = ImageManager.from_queryset(PhotoQuerySet)()

    class Meta(AbstractImage.Meta):
        verbose_name = "photo"
        verbose_name_plural = "photos"
        indexes = [*AbstractImage.Meta.indexes, models.Index(fields=["photographer"])]


class PhotoUse(AbstractImageRelation):
    image = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="relations")
    caption_position = models.CharField(max_length=10, default="below")

    class Meta(AbstractImageRelation.Meta):
        verbose_name = "use of a photo"
        verbose_name_plural = "uses of photos"


class Poster(models.Model):
    photo = models.ForeignKey(settings.POLYIMAGES["IMAGE_MODEL"], on_delete=models.PROTECT)

    def __str__(self) -> str:
        return f"Poster of {self.photo}"
