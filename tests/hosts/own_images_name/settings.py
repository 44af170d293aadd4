"""A shop that called its pictures ``images`` before the package came."""

from tests.hosts.base_settings import *  # noqa: F403
from tests.hosts.base_settings import INSTALLED_APPS, databases_of

INSTALLED_APPS = ["tests.hosts.own_images_name", *INSTALLED_APPS]
ROOT_URLCONF = "tests.hosts.own_images_name.urls"
DATABASES = databases_of("own_images_name")
SILENCED_SYSTEM_CHECKS = ["polyimages.W026", "polyimages.W002"]
