"""A site without organizations: avatars of its users, and pictures of its articles."""

from tests.hosts.base_settings import *  # noqa: F403
from tests.hosts.base_settings import INSTALLED_APPS, databases_of

INSTALLED_APPS = ["tests.hosts.without_organizations", *INSTALLED_APPS]
ROOT_URLCONF = "tests.hosts.without_organizations.urls"
DATABASES = databases_of("without_organizations")
POLYIMAGES = {"ORGANIZATION_MODEL": None}
SILENCED_SYSTEM_CHECKS = ["polyimages.W026"]  # originals in a storage of their own
