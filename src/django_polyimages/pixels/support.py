"""What the installed Pillow can do."""

from __future__ import annotations

from PIL import Image, features

from django_polyimages.formats import FORMATS, OriginalFormat


def is_supported(name: OriginalFormat) -> bool:
    """Whether this Pillow was built with the library that the format needs."""
    feature = FORMATS[name].pillow_feature
    return not feature or bool(features.check(feature))


def most_pixels() -> int | None:
    """From how many pixels on Pillow refuses an image; None for no limit.

    Pillow warns from ``MAX_IMAGE_PIXELS`` on and refuses from twice as many.
    """
    return 2 * Image.MAX_IMAGE_PIXELS if Image.MAX_IMAGE_PIXELS else None
