"""A host whose relation model differs from the default one as much as possible."""

from tests.own_models.settings import *  # noqa: F403
from tests.own_models.settings import INSTALLED_APPS, POLYIMAGES

INSTALLED_APPS = ["tests.own_relation", *INSTALLED_APPS[1:]]
ROOT_URLCONF = "tests.own_relation.urls"
POLYIMAGES = POLYIMAGES | {"IMAGE_MODEL": "own_relation.Shot", "RELATION_MODEL": "own_relation.Use"}
