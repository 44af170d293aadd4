"""The host of ``settings_late`` before it had image models of its own.

``library`` is that app as it was then: ``test_late_switching`` puts it on the path.
"""

from tests.own_models.settings_late import *  # noqa: F403
from tests.own_models.settings_late import INSTALLED_APPS, POLYIMAGES

INSTALLED_APPS = ["library", *INSTALLED_APPS[1:]]
POLYIMAGES = {"VERSIONS": POLYIMAGES["VERSIONS"]}
