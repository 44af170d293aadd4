"""Whether an original says where it was taken."""

from __future__ import annotations

from django.core.files.base import File

from django_polyimages.errors import InvalidImage
from django_polyimages.pixels.inspection import exif_of, open_image, refusing_damage
from django_polyimages.pixels.metadata import has_latitude
from django_polyimages.pixels.parts import check_parts


def has_position(file: File[bytes]) -> bool:
    """Whether the EXIF data of ``file`` contain a position. Only its header is read.

    False for a file that no allowed decoder opens. XMP, which may repeat the position, is not read.
    """
    try:
        with refusing_damage():
            check_parts(file)  # limits what a decoder reads
            with open_image(file) as image:
                return has_latitude(exif_of(file, image))
    except InvalidImage:
        return False
