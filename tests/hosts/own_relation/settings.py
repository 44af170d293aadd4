"""A host whose relation model differs from the default one as much as possible."""

from tests.hosts.base_settings import *  # noqa: F403
from tests.hosts.base_settings import INSTALLED_APPS, databases_of

INSTALLED_APPS = ["tests.hosts.own_relation", *INSTALLED_APPS]
ROOT_URLCONF = "tests.hosts.own_relation.urls"
DATABASES = databases_of("own_relation")
POLYIMAGES = {"IMAGE_MODEL": "own_relation.Shot", "RELATION_MODEL": "own_relation.Use"}
