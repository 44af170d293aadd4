import uuid

from django.db import models

from django_polyimages.models import AbstractImage, AbstractImageRelation, ImageAttachable


class Shot(AbstractImage):
    class Meta(AbstractImage.Meta):
        pass


class Use(AbstractImageRelation):
    """Has a primary key before it is saved, a required column and a many-to-many field.

    The names of three columns are parts of names in the inline: image, is_cover, upload.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image = models.ForeignKey(Shot, on_delete=models.CASCADE, related_name="relations")
    place = models.CharField(max_length=10)
    age = models.PositiveIntegerField(null=True, blank=True)
    cover = models.CharField(max_length=10, blank=True)
    load = models.FloatField(null=True, blank=True)
    seen_by = models.ManyToManyField("auth.Group", blank=True, related_name="+")

    class Meta(AbstractImageRelation.Meta):
        pass


class Thing(ImageAttachable):
    team = models.ForeignKey("auth.Group", on_delete=models.CASCADE, null=True)

    image_organization_path = "team"

    def __str__(self) -> str:
        return f"Thing {self.pk}"
