"""The fixtures of the example project, and objects that refer to an image."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from tests.conftest import acme, client, contact, editor, files, image, other  # noqa: F401
from tests.hosts.uses.users import USERS


@pytest.fixture(params=USERS)
def user(request, image) -> Model:  # noqa: F811
    """An object of the host that uses ``image``, one of each model."""
    return USERS[request.param](image)


@pytest.fixture
def users(image) -> list[Model]:  # noqa: F811
    """One of each model, all using ``image``."""
    ContentType.objects.clear_cache()
    return [use(image) for use in USERS.values()]
