"""The inline with a host's own relation model, which has additional fields."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group

from tests.drawing import photo, upload_of
from tests.hosts.own_relation.models import Shot, Thing, Use

pytestmark = pytest.mark.django_db
PREFIX = "own_relation-use-content_type-object_id"


@pytest.fixture
def team() -> Group:
    return Group.objects.create(name="Team")


@pytest.fixture
def thing(team) -> Thing:
    return Thing.objects.create(team=team)


@pytest.fixture
def shot(team) -> Shot:
    return Shot.objects.upload(upload_of(photo()), organization=team)


def save(client, thing: Thing, *rows: dict, initial: int = 0, **fields):
    data = {f"{PREFIX}-TOTAL_FORMS": len(rows), f"{PREFIX}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        data |= {f"{PREFIX}-{number}-{name}": value for name, value in row.items()}
    data |= {f"{PREFIX}-{name}": value for name, value in fields.items()}
    url = f"/admin/own_relation/thing/{thing.pk}/change/"
    return client.post(url, {"team": thing.team_id or ""} | data)


def test_a_row_is_attached_changed_and_removed(admin_client, thing, shot, team):
    new = {"image": shot.pk, "place": "left", "seen_by": [team.pk]}
    assert save(admin_client, thing, new).status_code == 302
    use = Use.objects.get()
    assert (use.place, use.seen_by.get()) == ("left", team)
    page = admin_client.get(f"/admin/own_relation/thing/{thing.pk}/change/").content.decode()
    assert f'name="{PREFIX}-0-place" value="left"' in page

    changed = {"id": use.pk, "place": "right", "seen_by": []}
    assert save(admin_client, thing, changed, initial=1).status_code == 302
    use.refresh_from_db()
    assert (use.place, use.seen_by.count()) == ("right", 0)

    removed = {"id": use.pk, "place": "right", "DELETE": "on"}
    assert save(admin_client, thing, removed, initial=1).status_code == 302
    assert not Use.objects.exists()


def test_columns_named_like_a_part_of_a_known_name_are_shown_and_saved(admin_client, thing, shot):
    row = {"image": shot.pk, "place": "left", "age": 3, "cover": "leather", "load": 1.5}
    assert save(admin_client, thing, row).status_code == 302
    use = Use.objects.get()
    assert (use.age, use.cover, use.load) == (3, "leather", 1.5)
    page = admin_client.get(f"/admin/own_relation/thing/{thing.pk}/change/").content.decode()
    shown = re.findall(rf'name="{PREFIX}-0-(\w+)"', page)
    assert len(shown) == len(set(shown)), "an input is there twice"
    assert {"age", "cover", "load", "is_cover", "order", "DELETE"} < set(shown)


def test_what_has_to_be_filled_is_asked_for(admin_client, thing, shot):
    response = save(admin_client, thing, {"image": shot.pk})
    assert "This field is required." in response.content.decode()
    response = save(admin_client, thing, uploads=[upload_of(photo())])
    assert "one by one and fill in these fields for each: Place." in response.content.decode()
    row = {"upload": upload_of(photo()), "place": "left"}
    assert save(admin_client, thing, row).status_code == 302
    assert Use.objects.get().place == "left"


def test_an_object_without_an_organization_gets_no_images(admin_client, shot):
    thing = Thing.objects.create()
    for row in ({"image": shot.pk}, {"upload": upload_of(photo())}):
        response = save(admin_client, thing, row | {"place": "left"})
        assert re.search(
            "This field is required|This object has no organization yet", response.content.decode()
        )
    assert not Use.objects.exists()
