"""The models: abstract base classes for hosts, and the default models."""

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

# A system check would be too late: the imports below fail without it.
if not apps.is_installed("django.contrib.contenttypes"):
    raise ImproperlyConfigured(
        'django_polyimages needs "django.contrib.contenttypes" in INSTALLED_APPS.'
    )

from django_polyimages.models.attachable import (
    ImageAttachable,
    ImageAttachableQuerySet,
    ImagesField,
    aprefetch_images,
    prefetch_images,
    register_attachable,
)
from django_polyimages.models.default_organization import DefaultOrganization
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.image_manager import ImageManager, ImageQuerySet
from django_polyimages.models.images import AbstractImage, Image
from django_polyimages.models.organizations import organization_of
from django_polyimages.models.received_files import ReceivedFile
from django_polyimages.models.regeneration import Regeneration
from django_polyimages.models.relation_manager import ImageRelationManager, relations_of
from django_polyimages.models.relation_verbs import RelationOptions, Synced
from django_polyimages.models.relations import AbstractImageRelation, PolymorphicImageRelation
from django_polyimages.models.upload_manager import PendingUploadManager
from django_polyimages.models.uploads import PendingUpload

__all__ = [
    "AbstractImage",
    "AbstractImageRelation",
    "DefaultOrganization",
    "FileDeletion",
    "Image",
    "ImageAttachable",
    "ImageAttachableQuerySet",
    "ImageManager",
    "ImageQuerySet",
    "ImageRelationManager",
    "ImagesField",
    "PendingUpload",
    "PendingUploadManager",
    "PolymorphicImageRelation",
    "ReceivedFile",
    "Regeneration",
    "RelationOptions",
    "Synced",
    "aprefetch_images",
    "organization_of",
    "prefetch_images",
    "register_attachable",
    "relations_of",
]
