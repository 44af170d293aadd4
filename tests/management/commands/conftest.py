from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from tests.management.commands.site import Site


@pytest.fixture
def site(transactional_db, settings, tmp_path: Path) -> Site:
    """Its files are where the tests put them from now on."""
    if connection.vendor == "mysql":
        pytest.skip("the settings of the example project do not know PyMySQL")
    disk = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {
        "polyimages": {"BACKEND": disk, "OPTIONS": {"location": tmp_path / "media"}},
        "originals": {"BACKEND": disk, "OPTIONS": {"location": tmp_path / "originals"}},
    }
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    return Site(tmp_path)
