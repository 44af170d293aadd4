from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.library.chooser import PAGE_SIZE
from django_polyimages.models import Image
from tests.admin.conftest import LIST
from tests.builders import uploaded
from tests.helpers import storage_calls

pytestmark = pytest.mark.django_db
LIBRARY = f"{LIST}library/"


def titles(client, query: str = "") -> list[str]:
    return [one["title"] for one in client.get(f"{LIBRARY}?{query}").json()["images"]]


def test_an_image_says_what_a_picker_needs(viewer, image):
    thumb = image.versions["thumb"]
    assert viewer.get(LIBRARY).json() == {
        "images": [
            {
                "id": str(image.pk),
                "title": "photo",
                "alt_text": "",
                "organization": "Acme",
                "thumb": {"url": thumb.url, "width": 160, "height": 120},
                "width": 400,
                "height": 300,
            }
        ],
        "page": 1,
        "has_next": False,
        "next": None,
    }
    Image.objects.update(versions={})
    assert viewer.get(LIBRARY).json()["images"][0]["thumb"] is None


def test_pages_are_newest_first_and_end(viewer, image):
    copies(image, PAGE_SIZE)
    first = viewer.get(LIBRARY).json()
    assert [one["title"] for one in first["images"][:2]] == ["Copy 23", "Copy 22"]
    assert (len(first["images"]), first["has_next"]) == (PAGE_SIZE, True)
    second = viewer.get(f"{LIBRARY}?page=2").json()
    assert [one["title"] for one in second["images"]] == ["photo"]
    assert (second["page"], second["has_next"]) == (2, False)
    assert viewer.get(f"{LIBRARY}?page=3").json()["images"] == []


def test_what_follows_a_page_costs_the_same_however_deep_it_is(viewer, image):
    copies(image, PAGE_SIZE)
    Image.objects.update(created_at=image.created_at)  # only the key tells them apart
    first = viewer.get(LIBRARY).json()
    assert first["next"]
    answer = viewer.get(LIBRARY, {"after": first["next"]}).json()
    assert [one["title"] for one in answer["images"]] == ["photo"]
    assert (answer["has_next"], answer["next"]) == (False, None)


def test_a_page_that_is_just_full_is_the_last_one(viewer, image):
    copies(image, PAGE_SIZE - 1)
    page = viewer.get(LIBRARY).json()
    assert (len(page["images"]), page["has_next"]) == (PAGE_SIZE, False)


def test_it_is_searched_and_limited_to_an_organization(viewer, image, other):
    uploaded(other, alt_text="A gate")
    assert titles(viewer, "q=gate") == ["photo"]
    assert len(titles(viewer, f"organization={other.pk}")) == 1
    assert titles(viewer, f"organization={other.pk}&q=nothing") == []
    assert titles(viewer, "organization=987654") == []
    assert len(titles(viewer, "organization=&q=")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=-1", "page=x", "page=", "page=1.5", "page=%C2%B2",
        "page=401", "after=x",
        "after=2026-02-30T00:00:00%2B00:00_1",
        "after=2026-02-03T00:00:00_1", "after=2026-02-03T00:00:00%2B00:00_x", "after=%00",
        "page=99999999999999999999", "organization=x", "organization=99999999999999999999",
        "organization=%00", "q=%00",
    ],
)  # fmt: skip
def test_a_bad_parameter_is_told(viewer, image, query):
    answer = viewer.get(f"{LIBRARY}?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_it_costs_the_same_however_many_images(
    viewer, image, monkeypatch, django_assert_num_queries
):
    with storage_calls(monkeypatch) as calls, django_assert_num_queries(5):
        viewer.get(LIBRARY)
    copies(image, 10)
    with django_assert_num_queries(5):
        assert len(titles(viewer)) == 11
    assert calls == []


def test_only_what_the_admin_shows_is_in_it(viewer, image, monkeypatch):
    monkeypatch.setattr(ImageAdmin, "get_queryset", lambda _self, _request: Image.objects.none())
    assert titles(viewer) == []


def test_it_needs_the_permission_to_view(image, editor):
    client = Client()
    assert client.get(LIBRARY).status_code == 302
    client.force_login(editor)
    assert client.get(LIBRARY).status_code == 302
    client.force_login(User.objects.create_user("staff", is_staff=True))
    answer = client.get(LIBRARY)
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "You do not have permission to view images."},
    )


def test_it_is_only_read(admin_client):
    assert admin_client.post(LIBRARY).status_code == 405


def copies(image, number: int) -> None:
    for index in range(number):
        image.pk = None
        image._state.adding = True
        image.title = f"Copy {index}"
        image.save()


@pytest.mark.parametrize("page", [LIBRARY, LIST])
@pytest.mark.parametrize("words", ["x" * 60_000, "x " * 3000, "x " * 101])
def test_a_search_that_is_too_long_matches_nothing(viewer, image, page, words):
    response = viewer.get(page, {"q": words})
    assert response.status_code == 200
    assert b"photo.jpg" not in response.content


def test_a_long_search_still_matches(viewer, image):
    Image.objects.update(title="x " * 100)
    assert viewer.get(LIBRARY, {"q": "x " * 100}).json()["images"]
