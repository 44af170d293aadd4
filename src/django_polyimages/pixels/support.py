"""What the installed Pillow can do."""

from __future__ import annotations

from PIL import Image, features

from django_polyimages.formats import FORMATS, OriginalFormat


def is_supported(name: OriginalFormat) -> bool:
    """Whether this Pillow was built with the library that the format needs."""
    feature = FORMATS[name].pillow_feature
    return not feature or bool(features.check(feature))


def most_pixels() -> int | None:
    """The maximum number of pixels that Pillow accepts; None for no limit.

    Pillow warns above ``MAX_IMAGE_PIXELS`` and fails above twice as many.
    """
    return 2 * Image.MAX_IMAGE_PIXELS if Image.MAX_IMAGE_PIXELS else None
