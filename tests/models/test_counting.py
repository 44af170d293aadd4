from __future__ import annotations

import pytest

from django_polyimages.models import Image
from django_polyimages.models.counting import count_up_to
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("most", "number"), [(2, None), (3, 3), (4, 3)])
def test_it_is_exact_up_to_the_bound(acme, most, number, django_assert_num_queries):
    fake_images(acme, 3)
    with django_assert_num_queries(1) as captured:
        assert count_up_to(most, Image.objects.newest_first()) == number
    assert f"LIMIT {most + 1}" in captured[0]["sql"]
    assert "ORDER BY" not in captured[0]["sql"]
