"""The example project with an app whose models refer to images in every way that Django knows."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.uses"]
if not DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # The parent process has its test database on the same server.
    DATABASES["default"]["TEST"] = {**DATABASES["default"].get("TEST", {}), "NAME": "test_uses"}
