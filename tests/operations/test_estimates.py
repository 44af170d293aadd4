from __future__ import annotations

import pytest

from django_polyimages import VersionSpec
from django_polyimages.operations.estimates import Estimate
from tests.builders import uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def versions(settings) -> None:
    specs = [VersionSpec("sm", 100, 100), VersionSpec("lg", 200, 200)]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}


def test_nothing_costs_nothing():
    estimate = Estimate()
    assert (estimate.bytes_to_read, estimate.bytes_to_write, estimate.cpu_seconds) == (0, 0, 0)


def test_versions_will_be_as_large_as_those_in_the_table(acme):
    estimate, image = Estimate(), uploaded(acme, 400, 300)
    estimate.learn(image)
    estimate.add(image, {"sm", "lg"})
    assert estimate.bytes_to_write == sum(one.byte_size for one in image.versions.values())
    assert estimate.bytes_to_read == image.byte_size
    assert estimate.cpu_seconds > 0


def test_a_new_version_will_be_as_dense_as_the_others(acme):
    estimate, image = Estimate(), uploaded(acme, 400, 300)
    del image.versions["sm"]
    estimate.learn(image)
    estimate.add(image, {"sm"})
    large = image.versions["lg"]  # 200 x 150
    assert estimate.bytes_to_write == pytest.approx(large.byte_size / 4, abs=1)


def test_without_any_versions_there_is_a_rule_of_thumb(acme):
    estimate, image = Estimate(), uploaded(acme, 400, 300)
    estimate.add(image, {"sm"})
    assert estimate.bytes_to_write == pytest.approx(100 * 75 * 0.15)


def test_an_image_without_versions_to_generate_is_not_read(acme):
    estimate = Estimate()
    estimate.add(uploaded(acme), set())
    assert (estimate.bytes_to_read, estimate.bytes_to_write) == (0, 0)
