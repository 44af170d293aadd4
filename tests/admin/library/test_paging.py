from __future__ import annotations

import pytest

from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.library import paging
from django_polyimages.models import Image
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
    assert all(" LIMIT " in sql or '"id" IN (' in sql for sql in about_images)


def test_above_that_number_all_that_match_are_selected_and_the_page_says_so(
    admin_client, acme, monkeypatch
):
    monkeypatch.setattr(paging, "MOST_LISTED", 4)
    monkeypatch.setattr(ImageAdmin, "list_per_page", 2)
    fake_images(acme, 4)
    assert "Select all 4 images" in admin_client.get(LIST).content.decode()
    fake_images(acme, 1)
    page = admin_client.get(LIST).content.decode()
    assert "Select all matching images" in page
    assert "Select all 4" not in page
    assert "More than 4 images match." in page
    data = {"action": "regenerate_versions", "_selected_action": Image.objects.first().pk}
    asked = admin_client.post(LIST, data | {"select_across": "1"}).content.decode()
    assert "Regenerate the versions of 5 images?" in asked


def test_a_page_beyond_the_last_is_not_looked_for(admin_client, acme, monkeypatch):
    monkeypatch.setattr(paging, "MOST_LISTED", 4)
    monkeypatch.setattr(ImageAdmin, "list_per_page", 2)
    fake_images(acme, 9)
    assert admin_client.get(f"{LIST}?p=2").status_code == 200
    assert admin_client.get(f"{LIST}?p=5000").url == f"{LIST}?e=1"


def test_nothing_is_counted_of_the_images_on_the_pages_before(
    admin_client, acme, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(ImageAdmin, "list_per_page", 2)
    images = fake_images(acme, 6)
    with django_assert_max_num_queries(10) as captured:
        page = admin_client.get(f"{LIST}?p=2")
    assert list(page.context["cl"].result_list) == images[2:4][::-1]
    skipping = [one["sql"] for one in captured if " OFFSET " in one["sql"]]
    assert len(skipping) == 1
    assert "COUNT" not in skipping[0]


@pytest.mark.parametrize("path", ["", "?all=", "library/"])
def test_as_many_queries_for_200_images_as_for_20(
    admin_client, acme, contact, path, django_assert_max_num_queries
):
    def queries() -> int:
        with django_assert_max_num_queries(20) as captured:
            assert admin_client.get(f"{LIST}{path}").status_code == 200
        return len(captured)

    contact.images.attach_many(fake_images(acme, 20))
    few = queries()
    contact.images.attach_many(fake_images(acme, 180))
    assert queries() == few
