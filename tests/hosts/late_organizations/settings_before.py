"""A site that starts with the organization model in ``OLD_MODEL``, or with none."""

import os

from tests.hosts.base_settings import *  # noqa: F403
from tests.hosts.base_settings import INSTALLED_APPS, STORAGES, databases_of

INSTALLED_APPS = ["tests.hosts.late_organizations", *INSTALLED_APPS]
DATABASES = databases_of("late_organizations")
STORAGES["polyimages"] = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
MEDIA_ROOT = os.environ["MEDIA_ROOT"]
MEDIA_URL = "/media/"
POLYIMAGES = {"ORGANIZATION_MODEL": os.environ["OLD_MODEL"] or None}
