"""As ``settings_default``, with images and relations of the host's own, and the admin."""

from tests.settings_default import *  # noqa: F403
from tests.settings_default import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django.contrib.admin",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tests.own_images",
]
MIDDLEWARE = [*MIDDLEWARE, "django.contrib.messages.middleware.MessageMiddleware"]
MIGRATION_MODULES = {"own_images": None}
ROOT_URLCONF = "tests.own_images.urls"
STATIC_URL = "static/"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
POLYIMAGES = {"IMAGE_MODEL": "own_images.Photo", "RELATION_MODEL": "own_images.PhotoRelation"}
