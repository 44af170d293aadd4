"""For the plugin of django-stubs, which reads the models of the host."""

from pathlib import Path

SECRET_KEY = "only for tests"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_polyimages",
    "shop",
    *(["press"] if (Path(__file__).parent / "press").exists() else []),
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
