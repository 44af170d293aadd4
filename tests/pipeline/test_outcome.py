"""Errors as real databases raise them: files are kept only if their row may be committed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from django_polyimages.pipeline.store import store
from tests.drawing import photo
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True)
FILES = 5
INSERT = "INSERT INTO written VALUES (1)"


def only_on(vendor: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(connection.vendor != vendor, reason=f"errors of {vendor}")


def run(sql: str, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        for statement in sql.split(";;"):
            cursor.execute(statement)


def upload(sql: str = INSERT, using: str = "default") -> None:
    """An upload whose row is written by ``sql``, as the only one in its transaction."""
    with store(ContentFile(photo()), using=using):
        run(sql, using)


def upload_within_a_transaction(sql: str = INSERT, using: str = "default") -> None:
    """The same in a transaction of the host, which stores another file before the failure."""
    with transaction.atomic(using=using):
        with store(ContentFile(photo()), using=using):
            pass
        with store(ContentFile(photo()), using=using):
            run(sql, using)


WAYS = [upload, upload_within_a_transaction]
Way = Callable[..., None]


@contextmanager
def table() -> Iterator[None]:
    run("DROP TABLE IF EXISTS written;;CREATE TABLE written (id integer primary key)")
    try:
        yield
    finally:
        connection.close()
        run("DROP TABLE IF EXISTS written")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, OperationalError, RuntimeError])
def test_what_is_raised_before_the_commit_removes_the_files(kind, way, monkeypatch):
    monkeypatch.setattr("tests.pipeline.test_outcome.run", lambda *args: throw(kind))
    with pytest.raises(kind):
        way()
    assert stored_keys() == []


def throw(kind: type[BaseException]) -> None:
    raise kind


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, OperationalError])
def test_what_is_raised_after_the_commit_keeps_the_files(kind, monkeypatch):
    real = connection._commit

    def commit():
        real()
        raise kind("the reply is lost")

    monkeypatch.setattr(connection, "_commit", commit)
    with table(), suppress(DatabaseError), pytest.raises(kind):
        upload()
    monkeypatch.undo()
    assert len(stored_keys()) == FILES


def test_a_host_that_commits_by_hand_leaves_nothing_of_a_refused_row():
    transaction.set_autocommit(False)
    try:
        with pytest.raises(DatabaseError):
            upload("SELECT * FROM there_is_no_such_table")
        assert stored_keys() == []
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


@only_on("sqlite")
class TestSQLite:
    @pytest.fixture(autouse=True)
    def a_file(self, tmp_path) -> Iterator[None]:
        """The database ``written``, in a file, which other connections can lock."""
        self.path = tmp_path / "written.sqlite3"
        options = connection.settings_dict | {"NAME": str(self.path), "OPTIONS": {"timeout": 0.1}}
        wrapper = type(connections["default"])(options, "written")
        connections["written"] = wrapper
        run("CREATE TABLE written (id integer primary key)", "written")
        yield
        wrapper._close()
        del connections["written"]

    def other(self, sql: str) -> closing[sqlite3.Connection]:
        """Another connection that has begun a transaction with ``sql``."""
        other = sqlite3.connect(self.path, isolation_level=None)
        for statement in sql.split(";"):
            other.execute(statement).fetchone()
        return closing(other)

    @pytest.mark.parametrize("way", WAYS)
    def test_a_lock_at_the_insert(self, way):
        with self.other("BEGIN IMMEDIATE"), pytest.raises(OperationalError, match="locked"):
            way(using="written")
        assert stored_keys() == []

    @pytest.mark.parametrize("way", WAYS)
    def test_a_lock_at_the_commit(self, way):
        with (
            self.other("BEGIN;SELECT count(*) FROM written"),
            pytest.raises(OperationalError, match="locked"),
        ):
            way(using="written")
        assert stored_keys() == []

    @pytest.mark.parametrize("way", WAYS)
    def test_a_missing_table(self, way):
        with pytest.raises(OperationalError, match="no such table"):
            way("INSERT INTO missing VALUES (1)", using="written")
        assert stored_keys() == []

    @pytest.mark.parametrize("way", WAYS)
    def test_a_full_disk(self, way):
        run("CREATE TABLE blobs (content blob)", "written")
        run("PRAGMA max_page_count = 10", "written")
        with pytest.raises(OperationalError, match="full"):
            way("INSERT INTO blobs VALUES (zeroblob(1000000))", using="written")
        assert stored_keys() == []

    @pytest.mark.parametrize("way", WAYS)
    def test_a_constraint_at_the_commit(self, way):
        run(
            "CREATE TABLE child (parent integer REFERENCES written DEFERRABLE INITIALLY DEFERRED)",
            "written",
        )
        with pytest.raises(DatabaseError, match="FOREIGN KEY"):
            way("INSERT INTO child VALUES (99)", using="written")
        assert stored_keys() == []


RAISE = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{}'; END $$"
AT_COMMIT = """
CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN {} RETURN NULL; END $$;;
CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON written DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION fail()"""
END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"


@only_on("postgresql")
@pytest.mark.parametrize("way", WAYS)
class TestPostgreSQL:
    @pytest.fixture(autouse=True)
    def a_table(self) -> Iterator[None]:
        with table():
            yield

    @pytest.mark.parametrize(
        "state", ["40001", "40P01", "53100", "53300", "55P03", "57014", "58030", "23505"]
    )
    def test_an_error_at_the_insert(self, state, way):
        with pytest.raises(DatabaseError):
            way(RAISE.format(state))
        assert stored_keys() == []

    def test_a_lock_timeout(self, way):
        with holding("LOCK TABLE written"), pytest.raises(OperationalError, match="lock timeout"):
            way(f"SET LOCAL lock_timeout = 100;;{INSERT}")
        assert stored_keys() == []

    def test_a_statement_timeout(self, way):
        with pytest.raises(OperationalError, match="statement timeout"):
            way("SET LOCAL statement_timeout = 100;;SELECT pg_sleep(9)")
        assert stored_keys() == []

    def test_a_connection_that_is_cut_before_the_insert(self, way):
        with pytest.raises(OperationalError):
            way(END_MYSELF)
        assert stored_keys() == []

    @pytest.mark.parametrize("state", ["40001", "40P01", "23503", "53100", "57014"])
    def test_a_commit_that_is_refused(self, state, way):
        run(AT_COMMIT.format(f"RAISE EXCEPTION 'x' USING ERRCODE = '{state}';"))
        with pytest.raises(DatabaseError):
            way()
        assert stored_keys() == []

    @pytest.mark.parametrize(
        "fault", [f"PERFORM {END_MYSELF[7:]};", "RAISE EXCEPTION 'x' USING ERRCODE = '40003';"]
    )
    def test_a_commit_whose_end_is_unknown(self, fault, way):
        run(AT_COMMIT.format(fault))
        with pytest.raises(DatabaseError):
            way()
        assert len(stored_keys()) == FILES * (1 + WAYS.index(way))


@only_on("mysql")
@pytest.mark.parametrize("way", WAYS)
class TestMySQL:
    @pytest.fixture(autouse=True)
    def a_table(self) -> Iterator[None]:
        with table():
            yield

    @pytest.mark.parametrize("number", [1021, 1205, 1213, 1053, 1969])
    def test_an_error_at_the_insert(self, number, way):
        with pytest.raises(DatabaseError):
            way(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}")
        assert stored_keys() == []

    def test_a_lock_timeout(self, way):
        with holding(INSERT), pytest.raises(OperationalError, match="Lock wait timeout"):
            way(f"SET innodb_lock_wait_timeout = 1;;{INSERT}")
        assert stored_keys() == []

    def test_a_missing_table(self, way):
        with pytest.raises(DatabaseError, match="doesn't exist"):
            way("INSERT INTO missing VALUES (1)")
        assert stored_keys() == []

    def test_a_connection_that_is_cut_before_the_insert(self, way):
        with pytest.raises(DatabaseError):
            way("KILL CONNECTION_ID()")
        assert stored_keys() == []

    def test_a_commit_whose_connection_is_cut(self, way, monkeypatch):
        real = connection._commit

        def commit():
            with suppress(DatabaseError):
                run("KILL CONNECTION_ID()")
            real()

        monkeypatch.setattr(connection, "_commit", commit)
        with pytest.raises(DatabaseError):
            way()
        assert len(stored_keys()) == FILES * (1 + WAYS.index(way))

    @pytest.mark.parametrize("number", [1213, 1205])
    def test_a_commit_that_is_refused(self, number, way, monkeypatch):
        """As a cluster refuses one; a single server refuses none, so a statement stands in."""

        def commit():
            with connection.wrap_database_errors:
                cursor = connection.connection.cursor()
                cursor.execute(f"SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = {number}")

        monkeypatch.setattr(connection, "_commit", commit)
        with pytest.raises(OperationalError):
            way()
        assert stored_keys() == []


@contextmanager
def holding(sql: str) -> Iterator[None]:
    """Another connection, whose transaction keeps the locks of ``sql`` during the block."""
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(connection), transaction.atomic():
            run(sql)
            locked.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()
