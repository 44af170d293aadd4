"""Sets up Django for one candidate, in a process of its own."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.compare.job import Candidate, Job

BASE_APPS = ("django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions")


def start(candidate: Candidate, folder: Path, s3: dict[str, Any] | None = None) -> Job:
    """The candidate's job. ``folder`` holds its database and its files.

    ``s3`` are the options ``bucket``, ``endpoint_url``, ``access_key`` and ``secret_key``.
    """
    if candidate.is_own and not candidate.fast:
        hide_fast()
    import django
    from django.conf import settings

    (folder / "media").mkdir(parents=True, exist_ok=True)
    settings.configure(
        SECRET_KEY="bench",
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite3"}
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[*candidate.apps, *BASE_APPS, "benchmarks.compare.shop"],
        MEDIA_ROOT=folder / "media",
        MEDIA_URL="/media/",
        STATIC_URL="/static/",
        STORAGES={
            "default": _s3_storage(candidate, folder.name, **s3) if s3 else _disk(),
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        # The default keeps 300 keys, with which a list of 400 URLs is never in the cache.
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": 10_000},
            }
        },
        USE_TZ=True,
        **candidate.settings,
    )
    django.setup()
    return candidate.start()


def create_tables(job: Job) -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, run_syncdb=True)
    with connection.schema_editor() as editor:
        for model in job.models:
            editor.create_model(model)


def hide_fast() -> None:
    """Make the modules of the extra ``fast`` impossible to import, as if it were not installed."""
    for name in modules_of_fast():
        sys.modules[name] = None  # type: ignore[assignment]


def distributions_of_fast() -> set[str]:
    required = metadata.requires("django-polyimages") or []
    return {
        _normal(re.split(r"[^\w.-]", one, maxsplit=1)[0])
        for one in required
        if re.search(r"extra\s*==\s*['\"]fast['\"]", one)
    }


def modules_of_fast() -> list[str]:
    wanted = distributions_of_fast()
    return [
        module
        for module, packages in metadata.packages_distributions().items()
        if wanted & {_normal(package) for package in packages}
    ]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _disk() -> dict[str, Any]:
    return {"BACKEND": "benchmarks.compare.storages.CountingFileSystemStorage"}


def _s3_storage(
    candidate: Candidate,
    location: str,
    *,
    bucket: str,
    endpoint_url: str,
    access_key: str,
    secret_key: str,
) -> dict[str, Any]:
    """The package's own recommendation, or django-storages with its defaults."""
    if candidate.is_own:
        from django_polyimages.storage.s3 import s3_storage

        return s3_storage(
            bucket,
            endpoint_url=endpoint_url,
            access_key=access_key,
            secret_key=secret_key,
            location=location,
        )
    from botocore.config import Config

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint_url,
            "access_key": access_key,
            "secret_key": secret_key,
            "region_name": "us-east-1",
            "location": location,
            "client_config": Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        },
    }
