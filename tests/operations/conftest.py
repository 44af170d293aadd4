from __future__ import annotations

from collections.abc import Callable

import pytest

from django_polyimages import VersionSpec


@pytest.fixture
def versions(settings) -> Callable[..., None]:
    """Puts other specs in force."""

    def change(*specs: VersionSpec) -> None:
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": list(specs)}

    return change
