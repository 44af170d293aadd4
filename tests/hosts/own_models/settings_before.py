"""The host of ``settings_late`` before it had its own image models.

``test_late_switching`` adds the former version of the app ``archive`` to the path.
"""

from tests.hosts.own_models.settings_late import *  # noqa: F403
from tests.hosts.own_models.settings_late import INSTALLED_APPS, POLYIMAGES

INSTALLED_APPS = ["archive", *INSTALLED_APPS[1:]]
POLYIMAGES = {"VERSIONS": POLYIMAGES["VERSIONS"]}
