"""A host with its own models for images and relations; organizations are ``auth.Group``."""

from django_polyimages import VersionSpec
from tests.hosts.base_settings import *  # noqa: F403
from tests.hosts.base_settings import INSTALLED_APPS, databases_of

# Before the package, because the order must not matter.
INSTALLED_APPS = ["tests.hosts.own_models.archive", "ninja", *INSTALLED_APPS]
ROOT_URLCONF = "tests.hosts.own_models.urls"
DATABASES = databases_of("own_models")

POLYIMAGES = {
    "IMAGE_MODEL": "archive.Photo",
    "RELATION_MODEL": "archive.PhotoUse",
    "VERSIONS": [
        VersionSpec("square", 300, 300, mode="fill"),
        VersionSpec("large", 1600, 1600, quality=60, format="AVIF"),
        VersionSpec("large_webp", 1600, 1600),
    ],
}
