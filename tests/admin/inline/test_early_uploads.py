"""No lock is held while pixels and the storage work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import connection, connections
from django.test import Client

from contacts.admin import ContactAdmin
from contacts.models import Contact
from django_polyimages.admin.inline import early_uploads
from django_polyimages.admin.inline.early_uploads import before_saving
from django_polyimages.admin.inline.formsets import ImageFormSet
from django_polyimages.models import Image
from tests.admin.inline.sending import errors_of, form_of, save, url_of
from tests.builders import titles_of
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True)
on_a_server = pytest.mark.usefixtures("as_on_a_server")
READS = ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN")


@pytest.fixture
def as_on_a_server(monkeypatch) -> None:
    """SQLite has no locks of rows, and the order stays. Here it is the order of servers."""
    monkeypatch.setattr(early_uploads, "locks_rows", lambda using: True)


@pytest.fixture
def events(monkeypatch) -> Iterator[list[str]]:
    """Each file that is written, as "PUT", and the first word of each statement that is no read."""
    seen: list[str] = []
    real = InMemoryStorage._save

    def put(self, name, content):
        seen.append("PUT")
        return real(self, name, content)

    def watch(execute, sql, *rest):
        word = sql.split()[0]
        if word not in READS or "FOR UPDATE" in sql:
            seen.append(word)
        return execute(sql, *rest)

    monkeypatch.setattr(InMemoryStorage, "_save", put)
    with connection.execute_wrapper(watch):
        yield seen


def three_files() -> list:
    return [upload_of(photo(), f"{name}.jpg") for name in "abc"]


@on_a_server
@pytest.mark.parametrize("way", ["uploads", "rows"])
def test_all_files_are_stored_before_the_first_row_is_written_or_locked(
    admin_client, contact, events, way
):
    rows = [{"upload": file} for file in three_files()] if way == "rows" else []
    data = form_of(contact, *rows, **({} if rows else {"uploads": three_files()}))
    events.clear()
    assert admin_client.post(url_of(contact), data).status_code == 302
    assert events[:15] == ["PUT"] * 15
    assert events.count("PUT") == 15
    assert titles_of(contact) == ["a.jpg", "b.jpg", "c.jpg"]


@on_a_server
def test_also_for_an_object_that_is_new(admin_client, acme, events):
    data = form_of(Contact(organization=acme, name="Grace"), uploads=three_files())
    assert admin_client.post("/admin/contacts/contact/add/", data).status_code == 302
    first = events.index("PUT")
    assert events[first : first + 15] == ["PUT"] * 15
    assert "INSERT" not in events[: first + 15]
    assert titles_of(Contact.objects.get()) == ["a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no locks of rows")
def test_others_can_write_to_the_object_meanwhile(admin_user, contact, monkeypatch):
    """Measured from a second connection while a storage needs half a second for each file."""
    real, writing = InMemoryStorage._save, threading.Event()
    longest = 0.0

    def slow(self, name, content):
        writing.set()
        time.sleep(0.5)
        return real(self, name, content)

    monkeypatch.setattr(InMemoryStorage, "_save", slow)
    data = form_of(contact, uploads=three_files())

    def send() -> None:
        client = Client()
        client.force_login(admin_user)
        client.post(url_of(contact), data)
        connections.close_all()

    saving = threading.Thread(target=send)
    saving.start()
    assert writing.wait(20)
    while saving.is_alive():
        begun = time.monotonic()
        Contact.objects.filter(pk=contact.pk).update(name="Countess")
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.01)
    saving.join()
    assert titles_of(contact) == ["a.jpg", "b.jpg", "c.jpg"]
    assert longest < 0.4


def test_an_error_elsewhere_stores_nothing_at_all(admin_client, contact, events):
    contact.name = ""
    errors_of(save(admin_client, contact, uploads=three_files()))
    assert "PUT" not in events


def test_a_failed_save_leaves_no_files(admin_client, contact, monkeypatch):
    class Failed(Exception):
        pass

    def fail(*_args):
        raise Failed

    monkeypatch.setattr(ContactAdmin, "save_related", fail)
    with pytest.raises(Failed):
        save(admin_client, contact, uploads=three_files())
    assert stored_keys() == []
    assert not Image.objects.exists()


def test_a_host_that_saves_no_images_keeps_no_files(admin_client, contact, monkeypatch):
    monkeypatch.setattr(ContactAdmin, "save_formset", lambda *_args, **_options: None)
    monkeypatch.setattr(ContactAdmin, "construct_change_message", lambda *_args: "")
    assert save(admin_client, contact, uploads=three_files()).status_code == 302
    assert stored_keys() == []


def test_a_host_that_does_not_save_the_object_gets_its_images_too(
    admin_client, contact, monkeypatch
):
    monkeypatch.setattr(ContactAdmin, "save_model", lambda *_args: None)
    assert save(admin_client, contact, uploads=three_files()).status_code == 302
    assert titles_of(contact) == ["a.jpg", "b.jpg", "c.jpg"]


def test_a_dead_storage_is_asked_once(admin_client, contact, monkeypatch):
    asked = []

    def refuse(self, name, content):
        asked.append(name)
        raise ConnectionResetError

    monkeypatch.setattr(InMemoryStorage, "_save", refuse)
    contact.name = "Countess"
    response = save(admin_client, contact, uploads=three_files())
    page = admin_client.get(response.url).content.decode()
    assert all(f"“{name}.jpg” was not added: The storage" in page for name in "abc")
    assert len(asked) == 5, "the original of one file and its four versions"
    assert Contact.objects.get().name == "Countess"
    assert titles_of(contact) == []


def test_what_waits_for_an_object_is_done_once(contact):
    done = []
    before_saving(contact, lambda: done.append("first"))
    before_saving(contact, lambda: done.append("second"))
    Contact(organization=contact.organization, name="Grace").save()
    assert done == []
    contact.save()
    contact.save()
    assert done == ["first", "second"]


def test_who_may_not_add_images_stores_none(admin_client, contact, events, monkeypatch):
    monkeypatch.setattr(ImageFormSet, "can_add", False)
    monkeypatch.setattr(
        "django_polyimages.admin.ImageInline.has_add_permission", lambda *_args: False
    )
    save(admin_client, contact, {"upload": upload_of(photo())}, uploads=three_files())
    assert "PUT" not in events
