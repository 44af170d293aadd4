"""A small but complete site. By default it uses SQLite and the local disk.

``DATABASE_URL`` selects another database, and ``POLYIMAGES_ENGINE`` a task engine that generates
versions. ``POLYIMAGES_S3_BUCKET`` stores the images on S3, with ``POLYIMAGES_S3_ENDPOINT``,
``_REGION``, ``_ACCESS_KEY`` and ``_SECRET_KEY``.
"""

import os
from pathlib import Path

import dj_database_url

from config.engines import ENGINES, REDIS_URL
from django_polyimages.storage.s3 import s3_storage

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-the-demo-on-your-own-machine")
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",
    "django_polyimages",
    "organizations",
    "contacts",
    "catalog",
    "gallery",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
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
WSGI_APPLICATION = "config.wsgi.application"
DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers wait for each other instead of failing; see "SQLite notes" in Django's documentation.
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = os.environ.get("MEDIA_ROOT", BASE_DIR / "media")
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "gallery"

STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if bucket := os.environ.get("POLYIMAGES_S3_BUCKET"):
    STORAGES["polyimages"] = s3_storage(
        bucket,
        endpoint_url=os.environ.get("POLYIMAGES_S3_ENDPOINT"),
        region=os.environ.get("POLYIMAGES_S3_REGION"),
        access_key=os.environ.get("POLYIMAGES_S3_ACCESS_KEY"),
        secret_key=os.environ.get("POLYIMAGES_S3_SECRET_KEY"),
        verify=os.environ.get("POLYIMAGES_S3_CA_BUNDLE"),
    )

UPLOAD_RATE = os.environ.get("UPLOAD_RATE", "300/m")  # per member, see config/api.py

ENGINE = ENGINES[os.environ.get("POLYIMAGES_ENGINE", "")]
INSTALLED_APPS += ENGINE.apps
if ENGINE.tasks:
    TASKS = ENGINE.tasks
RQ_QUEUES = {"default": {"URL": REDIS_URL}}

POLYIMAGES = {
    "ORGANIZATION_MODEL": "organizations.Organization",
    "ORGANIZATION_POLICY": "organizations.images.Policy",
    "GENERATE": ENGINE.generate,
}
if not bucket:  # whose URLs are signed
    STORAGES["originals"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(Path(MEDIA_ROOT).parent / "originals")},
    }
    POLYIMAGES["ORIGINAL_STORAGE"] = "originals"
