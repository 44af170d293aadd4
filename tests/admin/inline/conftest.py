from __future__ import annotations

import pytest

from django_polyimages.models import Image
from tests.builders import uploaded


@pytest.fixture
def dawn(acme) -> Image:
    return uploaded(acme, title="Dawn")


@pytest.fixture
def noon(acme) -> Image:
    return uploaded(acme, title="Noon")
