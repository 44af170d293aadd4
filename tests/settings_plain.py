"""Like ``settings_default``, but without an API and without Ninja."""

from tests.settings_default import *  # noqa: F403

ROOT_URLCONF = None
