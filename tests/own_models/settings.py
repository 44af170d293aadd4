"""A host with its own models for images and relations; organizations are ``auth.Group``.

``DATABASE_URL`` selects another database.
"""

from django_polyimages import VersionSpec
from tests.settings import DATABASES as EXAMPLE_DATABASES

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS = [
    "tests.own_models.archive",  # before the package, because the order must not matter
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "ninja",
    "django_polyimages",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
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
ROOT_URLCONF = "tests.own_models.urls"
DATABASES = {"default": EXAMPLE_DATABASES["default"]}
if not DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # The parent process has its test database on the same server.
    DATABASES["default"]["TEST"] = {"NAME": "test_own_models"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = True
STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "polyimages": {
        "BACKEND": "django.core.files.storage.InMemoryStorage",
        "OPTIONS": {"base_url": "/media/"},
    },
}

POLYIMAGES = {
    "IMAGE_MODEL": "archive.Photo",
    "RELATION_MODEL": "archive.PhotoUse",
    "VERSIONS": [
        VersionSpec("square", 300, 300, mode="fill"),
        VersionSpec("large", 1600, 1600, quality=60, format="AVIF"),
        VersionSpec("large_webp", 1600, 1600),
    ],
}
