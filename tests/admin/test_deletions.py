from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.db import connection
from django.test import Client

from django_polyimages.admin import FileDeletionAdmin
from django_polyimages.models import FileDeletion
from django_polyimages.models.deletions import FileDeletionManager
from tests.admin.library.test_regeneration import messages
from tests.builders import staff_with
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/polyimages/filedeletion/"


@pytest.fixture
def deletions(files) -> list[FileDeletion]:
    made = [
        FileDeletion.objects.create(keys=keys, last_error="AccessDenied", attempts=3)
        for keys in (["images/a.jpg", "images/a_lg.webp", "images/a_sm.webp"], ["images/b.jpg"])
    ]
    for key in (key for one in made for key in one.keys):
        files.save(key, ContentFile(b"x"))
    return made


def try_again(client: Client, *deletions: FileDeletion):
    keys = [one.pk for one in deletions]
    return client.post(LIST, {"action": "try_again", "index": "0", "_selected_action": keys})


def test_the_list_says_what_is_left_and_why(admin_client, deletions):
    html = admin_client.get(LIST).content.decode()
    assert "images/a.jpg + 2" in html
    assert ">images/b.jpg<" in html
    assert '<td class="field-last_error">AccessDenied</td>' in html
    assert '<td class="field-attempts">3</td>' in html
    assert "field-next_attempt_at" in html


def test_one_deletion_shows_its_keys_and_no_button(admin_client, deletions):
    url = f"{LIST}{deletions[0].pk}/change/"
    html = admin_client.get(url).content.decode()
    assert "images/a_sm.webp" in html
    assert 'name="_save"' not in html
    assert "deletelink" not in html
    assert admin_client.post(url, {}).status_code == 403


def test_nothing_can_be_added_or_removed(admin_client, deletions):
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{deletions[0].pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin_client.get(LIST).content.decode()


def test_trying_again_deletes_what_was_selected(admin_client, deletions):
    response = try_again(admin_client, deletions[0])
    assert messages(response) == ["1 deletion was carried out."]
    assert stored_keys() == ["images/b.jpg"]


def test_what_is_refused_again_is_told(admin_client, deletions, monkeypatch):
    def refuse_b(storage, key):
        if key == "images/b.jpg":
            raise PermissionError

    monkeypatch.setattr(InMemoryStorage, "delete", refuse_b)
    assert messages(try_again(admin_client, *deletions)) == [
        "1 deletion was carried out.",
        "The storage refused 1 deletion: PermissionError.",
    ]
    assert FileDeletion.objects.get().attempts == 4


def test_what_there_was_no_time_for_is_told(admin_client, deletions, monkeypatch):
    monkeypatch.setattr("django_polyimages.admin.deletions.SECONDS", 0)
    [message] = messages(try_again(admin_client, *deletions))
    assert message.startswith("2 deletions were not tried")
    assert len(stored_keys()) == 4


@pytest.mark.parametrize("atomic", [False, True])
def test_no_transaction_is_open_while_the_storage_is_asked(
    admin_client, deletions, monkeypatch, atomic
):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    real, seen = FileDeletionManager.carry_out, []

    def watched(self, claimed, patience):
        seen.append(connection.in_atomic_block)
        return real(self, claimed, patience)

    monkeypatch.setattr(FileDeletionManager, "carry_out", watched)
    try_again(admin_client, *deletions)
    assert seen == [False]


def test_who_may_only_view_is_not_offered_the_action(deletions):
    viewer = staff_with("view_filedeletion")
    html = viewer.get(LIST).content.decode()
    assert "images/b.jpg" in html
    assert "try_again" not in html
    try_again(viewer, *deletions)
    assert len(stored_keys()) == 4


def test_who_may_change_them_may_try_again_and_others_see_nothing(deletions):
    assert messages(try_again(staff_with("change_filedeletion"), *deletions)) == [
        "2 deletions were carried out."
    ]


def test_the_index_of_the_admin_shows_it_to_those_who_may_see_it(admin_client, viewer):
    assert LIST not in viewer.get("/admin/").content.decode()
    assert viewer.get(LIST).status_code == 403
    html = admin_client.get("/admin/").content.decode()
    assert f'href="{LIST}"' in html
    assert f"{LIST}add/" not in html


def test_it_is_registered_and_passes_the_checks():
    registered = admin.site.get_model_admin(FileDeletion)
    assert type(registered) is FileDeletionAdmin
    assert registered.check() == []
