"""Like ``settings``, with an app that registers ``auth.User`` and ``Organization``."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = ["tests.registering", *INSTALLED_APPS]
