"""What a host writes, for type checkers only. Each comment that ignores an error says that a
checker must find one: both report a comment that is not needed.
"""

from __future__ import annotations

from typing import Any, assert_type

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db import models

from django_polyimages import get_image_model
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    Image,
    ImageAttachable,
    ImageAttachableQuerySet,
    ImageQuerySet,
    ImageRelationManager,
    ImagesField,
    PolymorphicImageRelation,
    relations_of,
)


class Contact(ImageAttachable):
    organization = models.ForeignKey(Group, on_delete=models.CASCADE)

    image_organization_path = "organization"


class Product(models.Model):
    photos = ImagesField(related_query_name="product")


class Photo(AbstractImage):
    photographer = models.CharField(max_length=100)

    class Meta(AbstractImage.Meta):
        verbose_name = "photo"
        verbose_name_plural = "photos"
        indexes = [*AbstractImage.Meta.indexes, models.Index(fields=["photographer"])]


class Use(AbstractImageRelation):
    image = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="relations")
    caption_position = models.CharField(max_length=10)

    class Meta(AbstractImageRelation.Meta):
        verbose_name = "use of a photo"
        verbose_name_plural = "uses of photos"
        constraints = [
            *AbstractImageRelation.Meta.constraints,
            models.CheckConstraint(condition=models.Q(order__gte=0), name="use_order"),
        ]


class TypedUse(AbstractImageRelation):
    image: models.ForeignKey[Photo, Photo] = models.ForeignKey(
        Photo, on_delete=models.CASCADE, related_name="+"
    )


class Book(ImageAttachable["Use"]):
    title = models.CharField(max_length=100)


class Album(models.Model):
    photos = ImagesField["Use"]()


def of_the_default_models(contact: Contact, product: Product, image: Image, acme: Group) -> None:
    file = ContentFile(b"", name="x.png")
    assert_type(contact.images, ImageRelationManager[PolymorphicImageRelation])
    assert_type(product.photos, ImageRelationManager[PolymorphicImageRelation])
    assert_type(contact.images.attach(image, order=1), PolymorphicImageRelation)
    assert_type(product.photos.attach(file).image, Image)
    assert_type(contact.images.cover(), PolymorphicImageRelation | None)
    assert_type(contact.images.filter(image=image).first(), PolymorphicImageRelation | None)
    assert_type(PolymorphicImageRelation.objects.get(), PolymorphicImageRelation)
    assert_type(Image.objects.upload(file, organization=acme), Image)
    assert_type(Image.objects.get(), Image)
    assert_type(Image.objects.filter(title="x"), ImageQuerySet[Image])
    assert_type(Image.objects.newest_first().filter(title="x").get(), Image)
    assert_type(ImageAttachableQuerySet[Contact](Contact).prefetch_images().get(), Contact)


async def of_asynchronous_code(
    book: Book, photo: Photo, contact: Contact, image: Image, acme: Group
) -> None:
    file = ContentFile(b"", name="x.png")
    assert_type(await Image.objects.aupload(file, organization=acme), Image)
    assert_type(await book.images.aattach(photo), Use)
    assert_type(await book.images.acover(), Use | None)
    assert_type(await contact.images.aset_cover(file), PolymorphicImageRelation)
    contact.images.attach(image, allow_foreign=True)


def of_own_models(book: Book, album: Album, photo: Photo, acme: Group) -> None:
    assert_type(book.images.attach(photo), Use)
    assert_type(album.photos.attach(photo), Use)
    assert_type(book.images.update_relation(photo, custom_title="Door"), Use)
    assert_type(book.images.attach_or_update(photo), tuple[Use, bool])
    assert_type(album.photos.cover(), Use | None)
    assert_type(list(book.images.all()), list[Use])
    assert_type(TypedUse.objects.get().image, Photo)
    assert_type(Photo.objects.upload(ContentFile(b""), organization=acme), Photo)
    assert_type(Photo.objects.get(), Photo)
    assert_type(Photo.objects.newest_first().first(), Photo | None)
    assert_type(Use.objects.get(), Use)


def of_code_for_any_host(obj: models.Model) -> None:
    assert_type(relations_of(obj), ImageRelationManager[Any])
    assert_type(get_image_model().objects.newest_first().first(), AbstractImage | None)


def of_mistakes(contact: Contact, album: Album, image: Image) -> None:
    contact.images.attach(7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    contact.images.attach(image, colour="red")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    contact.images.nonsense()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    contact.images.get().nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    contact.images.get().image.nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    album.photos.get().nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    Image.objects.nonsense()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    Image.objects.get().nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    Image.objects.filter().nonsense()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    Image.objects.filter().get().nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    Photo.objects.get().nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    TypedUse.objects.get().image.nonsense  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
