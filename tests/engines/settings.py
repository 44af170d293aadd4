"""The example with one version that is cropped around the focal point."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import POLYIMAGES as _EXAMPLE
from django_polyimages import VersionSpec
from django_polyimages.specs import DEFAULT_VERSIONS

_CROPPED = VersionSpec("square", 200, 200, mode="fill")
POLYIMAGES = _EXAMPLE | {"VERSIONS": [*DEFAULT_VERSIONS, _CROPPED]}
