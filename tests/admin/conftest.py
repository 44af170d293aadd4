from __future__ import annotations

import pytest
from django.test import Client

from django_polyimages import VersionSpec
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.builders import staff_with

LIST = "/admin/polyimages/image/"
SQUARE = VersionSpec("square", 100, 100, quality=95, mode="fill")


@pytest.fixture
def viewer(db) -> Client:
    """Logged in as a user who may view images in the admin and do nothing else."""
    return staff_with("view_image")


@pytest.fixture
def square(settings) -> VersionSpec:
    """An additional spec that crops."""
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [*DEFAULT_VERSIONS, SQUARE]}
    return SQUARE
