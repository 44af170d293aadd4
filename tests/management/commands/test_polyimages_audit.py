from __future__ import annotations

import io
import json
import os
import signal
from functools import partial

import pytest
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.db import OperationalError

from django_polyimages.operations.audit import run as steps
from tests.helpers import keys_of, store_one, stored_keys
from tests.management.commands.printed import printed_with_code

pytestmark = pytest.mark.django_db(databases=["default", "other"])
run = partial(printed_with_code, "polyimages_audit")


def test_nothing_to_find_is_a_success(image):
    assert run() == ("Fixed: nothing. Left: nothing.\n", 0)
    assert run("--json") == ("[]\n", 0)


def test_it_changes_nothing_unless_it_is_told_to(files):
    keys = keys_of(store_one())
    out, code = run("--grace", "0")
    assert code == 1
    assert f"orphan: {keys[0]}: no row records this file\n" in out
    assert out.endswith(f"Fixed: nothing. Left: {len(keys)} orphan.\n")
    assert stored_keys(files) == keys


def test_it_mends_and_is_content(files):
    keys = keys_of(store_one())
    out, code = run("--grace", "0", "--fix")
    assert code == 0
    assert f"orphan: {keys[0]}: no row records this file (fixed)\n" in out
    assert out.endswith(f"Fixed: {len(keys)} orphan. Left: nothing.\n")
    assert stored_keys(files) == []


def test_files_of_today_are_left_alone_by_default(files):
    store_one()
    assert run("--fix") == ("Fixed: nothing. Left: nothing.\n", 0)


def test_json_is_a_list_of_findings(image, files):
    files.delete(image.key)
    out, code = run("--json")
    assert code == 1
    assert json.loads(out) == [
        {
            "kind": "missing_original",
            "model": "polyimages.Image",
            "id": str(image.pk),
            "key": image.key,
            "detail": "the file is not in the storage",
            "fixed": False,
        }
    ]


def test_json_of_several_findings_is_one_list(files):
    keys = keys_of(store_one())
    out, _code = run("--json", "--grace", "0")
    assert sorted(one["key"] for one in json.loads(out)) == keys


def test_the_count_of_positions_is_no_fault(image):
    out, code = run("--privacy", "--verify", "--rate", "1000")
    assert code == 0
    assert "position: : 0 of 1 originals" not in out
    assert "position: 0 of 1 originals carry a position\n" in out


def test_a_storage_that_cannot_list_is_named_and_nothing_is_taken_for_missing(image, monkeypatch):
    def listdir(self, path):
        raise NotImplementedError("no listdir()")

    monkeypatch.setattr(InMemoryStorage, "listdir", listdir)
    with pytest.raises(CommandError, match=r"InMemoryStorage cannot list its files") as stopped:
        call_command("polyimages_audit", "--fix")
    assert stopped.value.returncode == 2


@pytest.mark.parametrize("arguments", [["--grace", "-1"], ["--rate", "0"], ["--grace", "soon"]])
def test_numbers_are_checked(arguments):
    with pytest.raises(CommandError, match="is not a number of at least"):
        call_command("polyimages_audit", *arguments)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_lists_and_nothing_is_taken_for_missing(
    image, files, monkeypatch, number
):
    keys = keys_of(store_one())
    real = steps.list_files

    def interrupted(*arguments):
        for one in real(*arguments):
            os.kill(os.getpid(), number)
            yield one

    with monkeypatch.context() as patch:
        patch.setattr(steps, "list_files", interrupted)
        assert run("--json", "--grace", "0", "--fix") == ("[]\n", 1)
    assert set(keys) <= set(stored_keys(files))
    assert run("--grace", "0", "--fix")[0].endswith(f"Fixed: {len(keys)} orphan. Left: nothing.\n")


def test_json_can_be_read_when_the_storage_cannot_list(image, monkeypatch):
    def listdir(self, path):
        raise NotImplementedError("no listdir()")

    monkeypatch.setattr(InMemoryStorage, "listdir", listdir)
    assert run("--json") == ("[]\n", 2)


def test_json_can_be_read_when_an_error_follows_a_finding(files, monkeypatch):
    def refused(*arguments):
        raise OperationalError("the database is gone")

    store_one()
    monkeypatch.setattr(steps, "dangling_relations", refused)
    out = io.StringIO()
    with pytest.raises(OperationalError):
        call_command("polyimages_audit", "--json", "--grace", "0", stdout=out)
    assert {one["kind"] for one in json.loads(out.getvalue())} == {"orphan"}


@pytest.mark.parametrize("seconds", ["1e11", "1e300"])
def test_a_grace_time_before_the_first_year_is_refused(seconds):
    with pytest.raises(CommandError, match="and at most 10,000,000,000"):
        call_command("polyimages_audit", "--grace", seconds)
    assert run("--grace", "10000000000") == ("Fixed: nothing. Left: nothing.\n", 0)
