"""What has to be installed beside this app, checked before the first model is made."""

from __future__ import annotations

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured


def require_content_types() -> None:
    """Raise ``ImproperlyConfigured`` unless relations can say what they are attached to.

    No system check can say so: without it the models cannot be made, and no check ever runs.
    """
    if not apps.is_installed("django.contrib.contenttypes"):
        raise ImproperlyConfigured(
            'django_polyimages needs "django.contrib.contenttypes" in INSTALLED_APPS.'
        )
