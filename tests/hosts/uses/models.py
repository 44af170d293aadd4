"""One model for each way of referring to an image."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

IMAGE = "polyimages.Image"


class Named(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Poster(Named):
    organization = models.ForeignKey("organizations.Organization", models.CASCADE, null=True)
    photo = models.ForeignKey(IMAGE, models.PROTECT)

    image_organization_path = "organization"


class Banner(Named):
    photo = models.ForeignKey(IMAGE, models.SET_NULL, null=True, related_name="+")


class Page(Named):
    background = models.ForeignKey(IMAGE, models.CASCADE, related_name="pages")


class Badge(Named):
    picture = models.OneToOneField(IMAGE, models.CASCADE, related_name="+")


class Album(Named):
    photos = models.ManyToManyField(IMAGE, related_name="+")


class Slideshow(Named):
    photos = models.ManyToManyField(IMAGE, through="Slide", related_name="slideshows")


class Slide(Named):
    slideshow = models.ForeignKey(Slideshow, models.CASCADE)
    photo = models.ForeignKey(IMAGE, models.CASCADE)


class Favourite(Named):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    content_object = GenericForeignKey()


class Comment(Named):
    about_type = models.ForeignKey(ContentType, models.CASCADE)
    about_id = models.CharField(max_length=50)
    about = GenericForeignKey("about_type", "about_id")


class ReferenceByName(Named):
    """By a UUID, which no image has as its key here."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.UUIDField()
    content_object = GenericForeignKey()
