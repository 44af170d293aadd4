from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_polyimages.pixels import resampling
from tests.helpers import require_resizer


@pytest.fixture(scope="module", params=["Pillow", "cykooz-resizer"])
def resizer(request: pytest.FixtureRequest) -> Iterator[str]:
    """What scales in the tests of a module: each of the two in turn."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "Pillow":
            patch.setattr(resampling, "_found", lambda: (None, ""))
        else:
            require_resizer()
        yield request.param
