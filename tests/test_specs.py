from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_polyimages.specs import CENTRE, DEFAULT_VERSIONS, FocalPoint, VersionSpec

parts = st.floats(0, 1)
sides = st.integers(1, 60_000)
boxes = st.integers(1, 4096)
modes = st.sampled_from(["fit", "fill"])


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    return [spec.target(width, height).size for spec in DEFAULT_VERSIONS]


@pytest.mark.parametrize(
    ("original", "versions"),
    [
        ((3000, 2000), [(160, 107), (640, 427), (1024, 683), (2048, 1365)]),
        ((300, 200), [(160, 107), (300, 200), (300, 200), (300, 200)]),
        ((3000, 4000), [(120, 160), (480, 640), (768, 1024), (1536, 2048)]),
        ((6000, 4000), [(160, 107), (640, 427), (1024, 683), (2048, 1365)]),
        ((160, 160), [(160, 160)] * 4),
        ((161, 161), [(160, 160), (161, 161), (161, 161), (161, 161)]),
        ((1, 1), [(1, 1)] * 4),
        ((50_000, 1), [(160, 1), (640, 1), (1024, 1), (2048, 1)]),
        ((1, 50_000), [(1, 160), (1, 640), (1, 1024), (1, 2048)]),
    ],
)
def test_default_versions_have_the_sizes_of_the_contract(original, versions):
    assert sizes(*original) == versions


@given(sides, sides, boxes, boxes, modes)
def test_a_version_is_inside_its_box_and_never_larger_than_the_original(w, h, bw, bh, mode):
    width, height = VersionSpec("x", bw, bh, mode=mode).target(w, h).size
    assert 1 <= width <= min(w, bw)
    assert 1 <= height <= min(h, bh)


@given(sides, sides, boxes, boxes)
def test_fit_shows_the_whole_picture_and_touches_the_box(w, h, bw, bh):
    target = VersionSpec("x", bw, bh).target(w, h)
    assert target.crop == (0, 0, w, h)
    assert target.size == (w, h) or target.size[0] == bw or target.size[1] == bh


@given(sides, sides, boxes, boxes)
def test_fit_keeps_the_proportions_to_half_a_pixel(w, h, bw, bh):
    width, height = VersionSpec("x", bw, bh).target(w, h).size
    scale = min(1, bw / w, bh / h)
    assert abs(width - max(1, w * scale)) <= 0.5 + 1e-6
    assert abs(height - max(1, h * scale)) <= 0.5 + 1e-6


@given(sides, sides, boxes, boxes)
def test_turning_the_original_and_the_box_turns_the_version(w, h, bw, bh):
    upright = VersionSpec("x", bw, bh).target(w, h).size
    assert VersionSpec("x", bh, bw).target(h, w).size == upright[::-1]


def test_fill_cuts_the_edges_evenly():
    target = VersionSpec("square", 100, 100, mode="fill").target(400, 300)
    assert target.size == (100, 100)
    assert target.crop == (50, 0, 350, 300)


def test_fill_does_not_enlarge_a_small_original():
    assert VersionSpec("square", 500, 500, mode="fill").target(400, 300).size == (300, 300)


def test_suffix_is_the_name_unless_given():
    assert VersionSpec("thumb", 160, 160).suffix == "_thumb"
    assert VersionSpec("thumb", 160, 160, suffix="_t").suffix == "_t"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"name": "Thumb"}, "a name must consist of lower case"),
        ({"name": "a__b"}, "a name must consist of lower case"),
        ({"name": 1}, "version 1: a name must consist of lower case"),
        ({"width": 0}, "width and height must be from 1 to 16383 pixels, not 0"),
        ({"height": 16384}, "pixels, not 16384"),
        ({"width": 160.0}, "pixels, not 160.0"),
        ({"quality": True}, "from 1 to 100, not True"),
        ({"quality": 0}, "quality must be from 1 to 100, not 0"),
        ({"quality": 101}, "from 1 to 100, not 101"),
        ({"format": "GIF"}, "'GIF' is not one of WEBP, AVIF, JPEG, PNG"),
        ({"mode": "crop"}, "'crop' is not one of fit, fill"),
        ({"suffix": "thumb"}, "digits, not 'thumb'"),
        ({"suffix": "_../x"}, "digits, not '_../x'"),
    ],
)
def test_a_spec_that_cannot_be_says_why(arguments, complaint):
    with pytest.raises(ValueError, match="version ") as caught:
        VersionSpec(**({"name": "x", "width": 10, "height": 10} | arguments))
    assert complaint in str(caught.value)


def test_digests_are_golden():
    """If digests changed by accident, all versions in production would become outdated."""
    digests = [spec.digest for spec in DEFAULT_VERSIONS]
    assert digests == ["af35c0ec0cc2", "cd843d6755f7", "6326ddd71ed1", "bac4d097f378"]


def test_a_digest_is_computed_once(monkeypatch):
    """Whoever looks for outdated versions asks for four of each image."""
    digest = VersionSpec("once", 123, 77).digest
    monkeypatch.setattr(hashlib, "sha256", None)
    assert VersionSpec("once", 123, 77).digest == digest


def test_digest_changes_with_the_pixels_and_not_with_the_name():
    spec = VersionSpec("x", 10, 10)
    assert VersionSpec("y", 10, 10).digest == spec.digest
    different = [
        VersionSpec("x", 11, 10),
        VersionSpec("x", 10, 11),
        VersionSpec("x", 10, 10, quality=81),
        VersionSpec("x", 10, 10, format="AVIF"),
        VersionSpec("x", 10, 10, mode="fill"),
    ]
    assert len({spec.digest, *(other.digest for other in different)}) == 6


@pytest.mark.parametrize("module", ["django_polyimages", "django_polyimages.specs"])
def test_import_needs_no_settings(module):
    code = f"import {module}; from django_polyimages import VersionSpec; VersionSpec('a', 1, 1)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env={})


class TestFocalPoint:
    SQUARE = VersionSpec("square", 100, 100, mode="fill")

    def test_is_in_the_middle_of_what_is_shown(self):
        target = self.SQUARE.target(1000, 400, FocalPoint(0.6, 0.1))
        assert target.crop == (400, 0, 800, 400)

    def test_stays_in_sight_at_the_edges(self):
        assert self.SQUARE.target(1000, 400, FocalPoint(0, 0.5)).crop == (0, 0, 400, 400)
        assert self.SQUARE.target(400, 1000, FocalPoint(1, 1)).crop == (0, 600, 400, 1000)

    @given(sides, sides, boxes, boxes, parts, parts)
    def test_is_always_inside_of_a_crop_inside_of_the_picture(self, w, h, bw, bh, x, y):
        spec = VersionSpec("x", bw, bh, mode="fill")
        left, upper, right, lower = spec.target(w, h, FocalPoint(x, y)).crop
        assert 0 <= left <= min(int(x * w), w - 1) < right <= w
        assert 0 <= upper <= min(int(y * h), h - 1) < lower <= h
        assert spec.target(w, h, FocalPoint(x, y)).size == spec.target(w, h).size

    @pytest.mark.parametrize("point", [(-0.1, 0), (0, 1.1), (float("nan"), 0)])
    def test_outside_of_the_picture_is_refused(self, point):
        with pytest.raises(ValueError, match="must be from 0 to 1"):
            FocalPoint(*point)

    def test_changes_the_digest_of_fill_alone(self):
        point = FocalPoint(0.2, 0.5)
        assert self.SQUARE.digest_at(point) != self.SQUARE.digest
        assert self.SQUARE.digest_at(point) != self.SQUARE.digest_at(FocalPoint(0.5, 0.2))
        assert self.SQUARE.digest_at(CENTRE) == self.SQUARE.digest
        assert DEFAULT_VERSIONS[0].digest_at(point) == DEFAULT_VERSIONS[0].digest
