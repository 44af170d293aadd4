"""What a host writes, for mypy only: ``test_typing`` has it checked in strict mode."""

from __future__ import annotations

from typing import Any, assert_type

from django.core.files.base import ContentFile
from django.db import models

from contacts.models import Contact
from django_polyimages import get_image_model
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    Image,
    ImageAttachable,
    ImageManager,
    ImageQuerySet,
    ImageRelationManager,
    PolymorphicImageRelation,
    relations_of,
)
from organizations.models import Organization


class PhotoQuerySet(ImageQuerySet["Photo"]):
    def by(self, photographer: str) -> PhotoQuerySet:
        return self.filter(photographer=photographer)


class Photo(AbstractImage):
    photographer = models.CharField(max_length=100)

    objects = ImageManager["Photo"]()


class Use(AbstractImageRelation):
    image = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="relations")
    caption_position = models.CharField(max_length=10)


class Book(ImageAttachable["Use"]):
    title = models.CharField(max_length=100)


def of_a_host_with_the_default_models(contact: Contact, image: Image, acme: Organization) -> None:
    file = ContentFile(b"", name="x.png")
    assert_type(contact.images, ImageRelationManager[PolymorphicImageRelation])
    assert_type(contact.images.attach(image, order=1), PolymorphicImageRelation)
    assert_type(contact.images.attach(file).image, Image)
    assert_type(contact.images.cover(), PolymorphicImageRelation | None)
    assert_type(contact.images.filter(image=image).first(), PolymorphicImageRelation | None)
    assert_type(Image.objects.upload(file, organization=acme), Image)
    assert_type(Image.objects.newest_first().filter(title="x").get(), Image)
    assert_type(Contact.objects.prefetch_images().get(), Contact)
    contact.images.attach(7)  # type: ignore[arg-type]
    contact.images.attach(image, colour="red")  # type: ignore[call-arg]


def of_a_host_with_its_own(book: Book, photo: Photo, acme: Organization) -> None:
    assert_type(book.images.attach(photo), Use)
    assert_type(book.images.set_cover(photo).caption_position, str)
    assert_type(book.images.update_relation(photo, custom_title="Door"), Use)
    assert_type(book.images.attach_or_update(photo), tuple[Use, bool])
    assert_type(book.images.cover(), Use | None)
    assert_type(list(book.images.all()), list[Use])
    assert_type(Photo.objects.upload(ContentFile(b""), organization=acme), Photo)
    assert_type(PhotoQuerySet(Photo).newest_first().by("Ada"), PhotoQuerySet)


def of_code_for_any_host(obj: models.Model, image: AbstractImage, file: ContentFile[bytes]) -> None:
    assert_type(relations_of(obj), ImageRelationManager[Any])
    model = get_image_model()
    assert_type(model.objects.newest_first().first(), AbstractImage | None)
