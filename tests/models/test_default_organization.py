"""A whole site without organizations: tests/hosts/without_organizations."""

from __future__ import annotations

import pytest

from django_polyimages.models import DefaultOrganization

pytestmark = pytest.mark.django_db


def test_there_is_one_which_is_inserted_when_it_is_needed(django_assert_num_queries):
    assert not DefaultOrganization.objects.exists()
    first = DefaultOrganization.objects.get_default()
    with django_assert_num_queries(1):
        assert DefaultOrganization.objects.get_default() == first
    assert str(first) == "default"
