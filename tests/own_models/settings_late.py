"""As ``settings``, with files on the disk: several processes after each other share them."""

import os

from tests.own_models.settings import *  # noqa: F403
from tests.own_models.settings import STORAGES

STORAGES = STORAGES | {
    "polyimages": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["MEDIA_ROOT"], "base_url": "/media/"},
    }
}
