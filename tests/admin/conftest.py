from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from django_polyimages import VersionSpec
from django_polyimages.specs import DEFAULT_VERSIONS

LIST = "/admin/polyimages/image/"
SQUARE = VersionSpec("square", 100, 100, quality=95, mode="fill")


@pytest.fixture
def viewer(db) -> Client:
    """Logged in as a user who may view images in the admin and do nothing else."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_image"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def square(settings) -> VersionSpec:
    """An additional spec that crops."""
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [*DEFAULT_VERSIONS, SQUARE]}
    return SQUARE
