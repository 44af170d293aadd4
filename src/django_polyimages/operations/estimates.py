"""What a generation will read and write, and how long it may take, as far as rows tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Final

from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage

_BYTES_PER_PIXEL: Final = 0.15
"""Of a version, while the table has none to go by."""
_SECONDS: Final = 0.02
"""CPU time of an image, however small."""
_SECONDS_PER_PIXEL: Final = 0.02e-6
"""CPU time to decode an original, per pixel: JPEG; measured with ``benchmarks/generate.py``."""
_SECONDS_PER_PIXEL_OF_A_VERSION: Final = 0.1e-6
"""CPU time to scale and encode a version: WebP with the default effort."""


class Estimate:
    """Adds up what is known of the images that are looked at."""

    def __init__(self) -> None:
        self.bytes_to_read = 0
        self._cpu = 0.0
        self._pixels = Counter[str]()  # to write, by version
        self._known_pixels = Counter[str]()
        self._known_bytes = Counter[str]()

    def learn(self, image: AbstractImage) -> None:
        """Take into account how large its versions are."""
        for name, version in image.versions.items():
            self._known_pixels[name] += version.width * version.height
            self._known_bytes[name] += version.byte_size

    def add(self, image: AbstractImage, names: Set[str]) -> None:
        """Count the original, which is read if there are versions to generate, and these."""
        self._cpu += _SECONDS
        if not names:
            return
        self.bytes_to_read += image.byte_size
        self._cpu += image.width * image.height * _SECONDS_PER_PIXEL
        for spec in get_settings().versions:
            if spec.name in names:
                width, height = spec.target(image.width, image.height).size
                self._pixels[spec.name] += width * height
                self._cpu += width * height * _SECONDS_PER_PIXEL_OF_A_VERSION

    @property
    def bytes_to_write(self) -> int:
        """From the versions in the table, or a rule of thumb."""
        return round(sum(self._per_pixel(name) * some for name, some in self._pixels.items()))

    @property
    def cpu_seconds(self) -> float:
        """On one core."""
        return self._cpu

    def _per_pixel(self, name: str) -> float:
        pixels, size = self._known_pixels[name], self._known_bytes[name]
        if not pixels:
            pixels, size = self._known_pixels.total(), self._known_bytes.total()
        return size / pixels if pixels else _BYTES_PER_PIXEL
