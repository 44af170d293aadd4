"""As ``settings_default``, without an API and so without Ninja."""

from tests.settings_default import *  # noqa: F403

ROOT_URLCONF = None
