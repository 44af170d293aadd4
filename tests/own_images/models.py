"""A host with an image model of its own."""

from django.contrib.auth.models import Group
from django.db import models

from django_polyimages.models import AbstractImage, AbstractImageRelation


class Photo(AbstractImage):
    photographer = models.CharField(max_length=50)
    topics = models.ManyToManyField(Group, blank=True, related_name="+")
    checked = models.DateTimeField(auto_now=True)


class PhotoRelation(AbstractImageRelation):
    image = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="relations")
