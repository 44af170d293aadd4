"""Uploads and deletions while PostgreSQL refuses, or its connection is cut: what is answered, and
what is left. ``tests/pipeline/test_outcome.py`` has the same for rows of any table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from django_polyimages.models import FileDeletion, Image
from django_polyimages.pipeline.rollback import wait_for_removals
from tests.api.calls import bulk_upload, send, upload
from tests.builders import uploaded
from tests.drawing import photo, upload_of
from tests.faults.database_proxy import Proxy, database_proxy
from tests.helpers import stored_keys

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "other"]),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="errors of PostgreSQL"),
]
INSERT = 'INSERT INTO "polyimages_image"'
COMMIT = "COMMIT"
CERTAIN = ["40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "58030", "23503", "23505"]
"""What a server that goes on may answer to an INSERT."""
TRIGGER = """
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF NEW.title = 'third' THEN RAISE EXCEPTION 'chosen by a test' USING ERRCODE = '{state}'; END IF;
RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER refuses AFTER INSERT ON polyimages_image {when} FOR EACH ROW
EXECUTE FUNCTION refuse()
"""
AT_ONCE, AT_COMMIT = "", "DEFERRABLE INITIALLY DEFERRED"


@pytest.fixture
def client(client) -> Client:
    client.raise_request_exception = False
    return client


@pytest.fixture
def refuse() -> Iterator[Callable[[str, str], None]]:
    """Makes the database refuse images with the title "third"."""

    def create(state: str, when: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(TRIGGER.format(state=state, when=when))

    yield create
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS refuse() CASCADE")


@pytest.fixture
def proxy(monkeypatch) -> Iterator[Proxy]:
    """What all connections of Django go through."""
    settings = connection.settings_dict
    through = {"sslmode": "disable"}  # the proxy reads the messages
    with database_proxy(settings["HOST"], int(settings["PORT"])) as proxy:
        connection.close()
        with monkeypatch.context() as changed:
            changed.setitem(settings, "HOST", "127.0.0.1")
            changed.setitem(settings, "PORT", proxy.port)
            changed.setitem(settings, "OPTIONS", settings["OPTIONS"] | through)
            yield proxy
            connection.close()


@pytest.fixture(params=[False, True], ids=["autocommit", "ATOMIC_REQUESTS"])
def in_requests(request, monkeypatch) -> bool:
    """Whether each request is one transaction."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", request.param)
    atomic: bool = request.param
    return atomic


def files(*names: str) -> list:
    return [upload_of(photo(), name) for name in names]


def titles() -> list[str]:
    return sorted(Image.objects.values_list("title", flat=True))


def left_over() -> list[str]:
    """The files that belong to no row and are not recorded either."""
    assert wait_for_removals(10)
    known = {key for image in Image.objects.all() for key in image.keys}
    known |= {key for one in FileDeletion.objects.all() for key in one.keys}
    return sorted(set(stored_keys()) - known)


def each_image_has_its_files() -> bool:
    return {key for image in Image.objects.all() for key in image.keys} <= set(stored_keys())


class TestARefusal:
    @pytest.mark.parametrize("when", [AT_ONCE, AT_COMMIT])
    @pytest.mark.parametrize("state", CERTAIN)
    def test_of_an_upload_leaves_nothing(self, client, acme, refuse, state, when):
        refuse(state, when)
        [file] = files("third")
        answer = upload(client, file)
        assert answer.status_code in (409, 500, 503)
        assert (answer.status_code == 409) == (state == "23505")
        assert not Image.objects.exists()
        assert stored_keys() == []

    @pytest.mark.parametrize("state", CERTAIN)
    def test_of_one_of_many_is_the_answer_of_that_file_alone(
        self, client, acme, refuse, state, in_requests
    ):
        refuse(state, AT_ONCE)
        answer = bulk_upload(client, *files("first", "second", "third", "fourth"))
        assert answer.status_code == 200
        assert [one["status"] for one in answer.json()] == [
            "success", "success", "error", "success",
        ]  # fmt: skip
        third = answer.json()[2]
        assert third["file"] == "third"
        assert third["code"] == {"23505": "duplicate", "40P01": "busy"}.get(state, "server_error")
        assert titles() == ["first", "fourth", "second"]
        assert each_image_has_its_files()
        assert left_over() == []

    @pytest.mark.parametrize("state", ["40001", "23503"])
    def test_at_the_commit_of_all_leaves_nothing(self, client, acme, refuse, state, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        refuse(state, AT_COMMIT)
        answer = bulk_upload(client, *files("first", "second", "third"))
        assert answer.status_code == 500
        assert not Image.objects.exists()
        assert stored_keys() == []


class TestAConnectionThatIsCut:
    def test_before_the_insert_leaves_nothing(self, client, acme, proxy, in_requests):
        proxy.cut(INSERT, "before")
        assert upload(client).status_code == 500
        assert proxy.cuts == 1
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_after_the_insert_leaves_nothing(self, client, acme, proxy, in_requests):
        """The reply to the INSERT is lost, and with the connection its transaction."""
        proxy.cut(INSERT, "after")
        assert upload(client).status_code == 500
        assert proxy.cuts == 1
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_before_the_third_insert_leaves_the_others_of_a_bulk_upload(self, client, acme, proxy):
        proxy.cut(INSERT, "before", skip=2)
        answer = bulk_upload(client, *files("first", "second", "third", "fourth"))
        assert [one["status"] for one in answer.json()] == [
            "success", "success", "error", "success",
        ]  # fmt: skip
        assert titles() == ["first", "fourth", "second"]
        assert each_image_has_its_files()
        assert left_over() == []

    def test_before_the_third_insert_of_one_transaction_leaves_nothing(
        self, client, acme, proxy, monkeypatch
    ):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        proxy.cut(INSERT, "before", skip=2)
        answer = bulk_upload(client, *files("first", "second", "third", "fourth"))
        assert answer.status_code == 500
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_before_the_commit_leaves_what_the_audit_removes(
        self, client, acme, proxy, in_requests
    ):
        """Nobody knows whether the server has got the COMMIT, so the files are kept."""
        proxy.cut(COMMIT, "before")
        assert upload(client).status_code == 500
        assert not Image.objects.exists()
        assert len(left_over()) == 5
        audit()
        assert stored_keys() == []

    def test_after_the_commit_keeps_the_image(self, client, acme, proxy, in_requests):
        proxy.cut(COMMIT, "after")
        assert upload(client).status_code == 500
        assert Image.objects.get().status == "ready"
        assert each_image_has_its_files()
        audit()
        assert each_image_has_its_files()
        assert left_over() == []

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("at", ["UPDATE", COMMIT])
    def test_loses_no_version_of_a_regeneration(self, acme, proxy, at, when):
        image = uploaded(acme)
        proxy.cut(at, when)
        with pytest.raises(DatabaseError):
            Image.objects.regenerate(image, everything=True)
        assert proxy.cuts == 1
        assert each_image_has_its_files()
        audit()
        assert each_image_has_its_files()
        assert left_over() == []

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("at", ['DELETE FROM "polyimages_image"', COMMIT])
    def test_loses_no_deletion(self, client, acme, image, proxy, at, when, in_requests):
        proxy.cut(at, when)
        assert send(client, "delete", f"images/{image.pk}/", None).status_code == 500
        assert proxy.cuts == 1
        is_committed = (at, when) == (COMMIT, "after")
        assert Image.objects.exists() is not is_committed
        assert each_image_has_its_files()
        assert left_over() == []
        call_command("polyimages_deletions", "--all", verbosity=0)
        assert each_image_has_its_files()
        assert (stored_keys() == []) is is_committed


class TestARollbackOfTheRequest:
    def test_writes_down_what_the_storage_does_not_delete(self, acme, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "delete", refuse_to_delete)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            uploaded(acme)
            1 / 0  # noqa: B018
        assert left_over() == []
        assert len(stored_keys()) == 5
        monkeypatch.undo()
        call_command("polyimages_deletions", "--all", verbosity=0)
        assert stored_keys() == []


def refuse_to_delete(*args: object) -> None:
    raise OSError("chosen by a test")


def audit() -> None:
    with suppress(CommandError):
        call_command("polyimages_audit", "--fix", "--grace", "0", "--json")
    call_command("polyimages_audit", "--grace", "0")
