"""What the installed Pillow can do."""

from __future__ import annotations

from PIL import Image, features

from django_polyimages.formats import FORMATS, OriginalFormat


def is_supported(name: OriginalFormat) -> bool:
    """Whether this Pillow was built with the library that the format needs."""
    feature = FORMATS[name].pillow_feature
    return not feature or bool(features.check(feature))


def most_pixels() -> tuple[int, int] | None:
    """Above how many pixels Pillow warns, and above how many it fails; None for no limits.

    Where warnings are errors, as in many test settings, it fails above the first.
    """
    limit = Image.MAX_IMAGE_PIXELS
    return (limit, 2 * limit) if limit else None
