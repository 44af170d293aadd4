"""Like ``settings``, but with files on the disk, which several processes share."""

import os

from tests.own_models.settings import *  # noqa: F403
from tests.own_models.settings import STORAGES

STORAGES = STORAGES | {
    "polyimages": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["MEDIA_ROOT"], "base_url": "/media/"},
    }
}
SILENCED_SYSTEM_CHECKS = ["polyimages.W026"]  # originals are stored with their versions here
