import uuid

from django.db import models

from django_polyimages.models import ImageAttachableQuerySet, ImagesField


class Owned(models.Model):
    organization = models.ForeignKey("auth.Group", on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    image_organization_path = "organization"

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Product(Owned):
    """``images`` and its queries are those of ``OldPhoto``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photos = ImagesField(related_query_name="product")

    objects = ImageAttachableQuerySet.as_manager()


class OldPhoto(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    path = models.CharField(max_length=100)


class SaleProduct(Product):
    class Meta:
        proxy = True


class Bundle(Product):
    """Has two lists of images, its own and the product's: W002."""

    size = models.IntegerField(default=2)


class WithGallery(Owned):
    """An abstract base class whose images each child inherits."""

    gallery = ImagesField(related_query_name="%(class)s")

    class Meta:
        abstract = True


class Brochure(WithGallery):
    relations = models.CharField(max_length=100)  # what an image calls its relations

    @property
    def images(self) -> list[str]:
        return ["page.png"]


class Poster(WithGallery):
    code = models.CharField(max_length=20, primary_key=True)


class Supplier(Owned):
    """Registered, as a model of a third party would be."""

    images = models.TextField(default="logo.png")
