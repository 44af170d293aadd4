"""How much a version differs from the original, scaled with LANCZOS from all of its pixels."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.compare.job import METHOD, SPECS

WINDOW = 7
"""Pixels; like scikit-image's, with equal weights."""
LEVELS = 255


class Ideal:
    """The original, and what its versions would be if time did not matter."""

    def __init__(self, original: Path) -> None:
        picture = ImageOps.exif_transpose(Image.open(original))
        self._picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        self._scaled: dict[tuple[int, int], Image.Image] = {}
        self._base: dict[str, float] = {}

    def compare(self, paths: list[str]) -> dict[str, dict[str, float]]:
        """For each version its SSIM, and by how much the ideal one is better.

        ``paths`` are the versions, the smallest first.
        """
        found = {}
        for spec, path in zip(SPECS, paths, strict=True):
            with Image.open(path) as version:
                value = ssim(_luma(version), _luma(self._at(version.size)))
            found[spec.name] = {"ssim": value, "delta": value - self._best(spec)}
        return found

    def _best(self, spec: Any) -> float:
        if spec.name not in self._base:
            scaled = self._at(spec.size_of(*self._picture.size))
            buffer = io.BytesIO()
            scaled.save(buffer, "WEBP", quality=spec.quality, method=METHOD)
            self._base[spec.name] = ssim(_luma(Image.open(buffer)), _luma(scaled))
        return self._base[spec.name]

    def _at(self, size: tuple[int, int]) -> Image.Image:
        """Packages round sizes in different ways, so each version is compared at its own size."""
        if size not in self._scaled:
            wanted = [spec.size_of(*self._picture.size) for spec in SPECS]
            assert any(abs(size[0] - w) < 3 and abs(size[1] - h) < 3 for w, h in wanted), size
            self._scaled[size] = self._picture.resize(size, Image.Resampling.LANCZOS)
        return self._scaled[size]


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """The mean structural similarity of two pictures of the same size; 1 if they are equal."""
    first, second = (0.01 * LEVELS) ** 2, (0.03 * LEVELS) ** 2
    mean_one, mean_other = _mean(one), _mean(other)
    product = mean_one * mean_other
    squares = mean_one**2 + mean_other**2
    variances = _mean(one**2) + _mean(other**2) - squares
    covariance = _mean(one * other) - product
    values = (2 * product + first) * (2 * covariance + second)
    return float((values / ((squares + first) * (variances + second))).mean())


def _mean(values: np.ndarray) -> np.ndarray:
    """Of each window."""
    for axis in (0, 1):
        sums = np.cumsum(values, axis=axis)
        sums = np.insert(sums, 0, 0, axis=axis)
        upper = np.take(sums, range(WINDOW, sums.shape[axis]), axis=axis)
        lower = np.take(sums, range(sums.shape[axis] - WINDOW), axis=axis)
        values = (upper - lower) / WINDOW
    return values


def _luma(picture: Image.Image) -> np.ndarray:
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return np.asarray(picture.convert("L"), dtype=np.float64)
