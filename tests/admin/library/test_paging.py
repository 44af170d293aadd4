from __future__ import annotations

import pytest

from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.library import paging
from tests.admin.conftest import LIST
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def test_no_more_images_are_counted_than_the_list_shows(admin_client, acme, monkeypatch):
    monkeypatch.setattr(paging, "MOST_LISTED", 4)
    monkeypatch.setattr(ImageAdmin, "list_per_page", 2)
    fake_images(acme, 3)
    assert "3 images" in admin_client.get(LIST).content.decode()
    fake_images(acme, 3)
    page = admin_client.get(LIST).content.decode()
    assert "4 images" in page
    assert "?p=3" not in page


def test_the_list_reads_no_table_as_a_whole(
    admin_client, acme, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(ImageAdmin, "list_per_page", 1)
    fake_images(acme, 2)
    with django_assert_max_num_queries(10) as captured:
        admin_client.get(LIST)
    asked = [one["sql"].replace("`", '"') for one in captured]  # as MySQL and MariaDB quote
    about_images = [sql for sql in asked if 'FROM "polyimages_image"' in sql]
    assert about_images
    assert all(" LIMIT " in sql for sql in about_images)
