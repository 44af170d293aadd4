"""Like ``settings``, but with files on the disk, which several processes share."""

import os

from tests.hosts.base_settings import STORAGES
from tests.hosts.own_models.settings import *  # noqa: F403

STORAGES = STORAGES | {
    "polyimages": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["MEDIA_ROOT"], "base_url": "/media/"},
    }
}
SILENCED_SYSTEM_CHECKS = ["polyimages.W026"]  # originals are stored with their versions here
