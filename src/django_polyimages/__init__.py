"""Attach images to any Django model."""

from django_polyimages.accessors import (
    get_image_model,
    get_organization_model,
    get_relation_model,
)
from django_polyimages.errors import (
    Busy,
    InvalidImage,
    NotAttached,
    NotFound,
    OrganizationMismatch,
    StorageUnavailable,
    TooManyImages,
    UploadGone,
)
from django_polyimages.specs import VersionSpec

__all__ = [
    "Busy",
    "InvalidImage",
    "NotAttached",
    "NotFound",
    "OrganizationMismatch",
    "StorageUnavailable",
    "TooManyImages",
    "UploadGone",
    "VersionSpec",
    "get_image_model",
    "get_organization_model",
    "get_relation_model",
]
