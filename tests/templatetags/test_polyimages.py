from __future__ import annotations

import pytest

from tests.helpers import rendered

pytestmark = pytest.mark.django_db


class TestImageUrl:
    def test_is_the_version_s_or_the_next_best(self, large, contact):
        relation = contact.images.attach(large)
        source = "{% image_url relation 'sm' %}"
        assert rendered(source, relation=relation) == large.versions["sm"].url
        relation.image.versions = {"lg": large.versions["lg"]}
        assert rendered(source, relation=relation) == large.versions["lg"].url

    def test_of_nothing_is_empty(self, large):
        large.versions = {}
        assert rendered("{% image_url image 'sm' %}", image=large) == ""
        assert rendered("{% image_url None 'sm' %}") == ""

    def test_of_an_unknown_version_names_the_known_ones(self, large):
        with pytest.raises(KeyError, match="choose from thumb, sm, md, lg"):
            rendered("{% image_url image 'small' %}", image=large)


class TestPicture:
    def test_of_no_cover_is_nothing(self, contact):
        assert rendered("{% picture contact.images.cover %}", contact=contact) == ""
