"""The models: abstract ones for hosts to build on, and the default ones."""

from django_polyimages.requirements import require_content_types

require_content_types()

from django_polyimages.models.attachable import (
    ImageAttachable,
    ImageAttachableQuerySet,
    prefetch_images,
)
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.images import AbstractImage, Image, ImageManager, ImageQuerySet
from django_polyimages.models.managers import ImageRelationManager
from django_polyimages.models.relations import AbstractImageRelation, PolymorphicImageRelation

__all__ = [
    "AbstractImage",
    "AbstractImageRelation",
    "FileDeletion",
    "Image",
    "ImageAttachable",
    "ImageAttachableQuerySet",
    "ImageManager",
    "ImageQuerySet",
    "ImageRelationManager",
    "PolymorphicImageRelation",
    "prefetch_images",
]
