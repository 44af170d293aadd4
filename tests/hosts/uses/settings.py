"""The example project with an app whose models refer to images in every way that Django knows."""

from tests.hosts.base_settings import databases_of
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hosts.uses"]
DATABASES |= databases_of("uses")
