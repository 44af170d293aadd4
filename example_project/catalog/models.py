import uuid

from django.db import models
from django.urls import reverse

from django_polyimages.models import ImageAttachable, ImageAttachableQuerySet


class Product(ImageAttachable):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("organizations.Organization", on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    kind = "product"
    image_organization_path = "organization"
    objects = ImageAttachableQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.pk])
