"""A host without any settings: organizations are groups, images are stored in MEDIA_ROOT."""

import tempfile

SECRET_KEY = "only for tests"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_polyimages",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.urls_default"
ALLOWED_HOSTS = ["testserver"]
MEDIA_ROOT = tempfile.mkdtemp()
MEDIA_URL = "media/"
USE_TZ = True
SILENCED_SYSTEM_CHECKS = ["polyimages.W026"]  # originals are stored with their versions here
