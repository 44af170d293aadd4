from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, resolve

from django_polyimages.models import Image
from django_polyimages.views import original
from tests.builders import uploaded

pytestmark = pytest.mark.django_db


def test_the_url_of_an_original_leads_to_the_view(acme, originals):
    image = uploaded(acme)
    match = resolve(image.url)
    assert (match.func, match.kwargs) == (original, {"image_id": str(image.pk)})


def test_it_costs_neither_a_query_nor_a_call(acme, originals, django_assert_num_queries):
    image = Image.objects.get(pk=uploaded(acme).pk)
    originals.delete(image.key)
    with django_assert_num_queries(0):
        assert image.url


def test_a_host_that_has_not_included_the_urls_is_told(acme, originals, settings):
    settings.ROOT_URLCONF = "tests.urls_default"
    image = uploaded(acme)
    with pytest.raises(NoReverseMatch, match="polyimages"):
        image.url  # noqa: B018
