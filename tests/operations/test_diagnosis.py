from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_polyimages.models import FileDeletion, Image
from django_polyimages.operations.diagnosis import Diagnosis, diagnose
from django_polyimages.pixels import resampling
from tests.builders import fake_images, uploaded

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def problems() -> list[str]:
    return [one.problem for one in diagnose() if one.problem]


def found(what: str) -> Diagnosis:
    [one] = [one for one in diagnose() if one.what.endswith(what)]
    return one


def ago(minutes: int):
    return timezone.now() - timedelta(minutes=minutes)


def test_a_site_where_all_is_well_has_no_problems(acme):
    uploaded(acme)
    assert problems() == []
    assert found("GENERATE").value == "inline"
    assert found("MAX_CONCURRENCY").value == "2"
    assert found("images that wait").value == "0 of 0 pending"


@pytest.mark.parametrize(("fast", "name"), [(None, "Pillow"), (bool, "cykooz-resizer")])
def test_it_tells_what_scales(acme, monkeypatch, fast, name):
    monkeypatch.setattr(resampling, "_found", lambda: (fast, ""))
    assert found("scaled by").value == name


def test_images_that_a_worker_will_take_soon_are_no_problem(acme, task_engine):
    uploaded(acme)
    assert problems() == []
    assert found("images that wait").value == "1 of 1 pending"


def test_images_that_nobody_takes_are(acme, task_engine):
    for image in fake_images(acme, 3):
        image.await_versions()
        image.save(update_fields=["status", "attempts", "next_attempt_at"])
    Image.objects.filter(title="1").update(next_attempt_at=ago(125))
    one = found("images that wait")
    assert one.value == "3 of 3 pending"
    assert one.problem.startswith("The oldest of these images has waited for 2:05:0")
    assert one.hint.startswith("Start a worker of the task engine, and run")


def test_images_of_an_older_release_that_nobody_takes_are(acme, task_engine):
    fake_images(acme, 1)
    Image.objects.update(status="pending", next_attempt_at=None, updated_at=ago(125))
    assert "has waited for 2:05:0" in found("images that wait").problem


def test_tables_that_are_not_there_are(acme, monkeypatch):
    monkeypatch.setattr("django_polyimages.operations.diagnosis.databases", list)
    monkeypatch.setattr("django_polyimages.operations.diagnosis.image_tables", list)
    assert found("polyimages.Image in default: images that wait")


def test_a_database_that_is_down_is(acme, monkeypatch):
    def down():
        raise OperationalError("connection refused")

    monkeypatch.setattr("django_polyimages.operations.diagnosis.databases", down)
    assert problems() == ["The database cannot be asked: connection refused"]


def test_a_database_that_does_not_answer_is(acme):
    def refuse(execute, sql, *arguments):
        if "polyimages_image" in sql:
            raise OperationalError("no such table")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        one = next(one for one in diagnose() if one.problem)
    assert one.what == "polyimages.Image in default"
    assert one.problem == "The database cannot be asked: no such table"
    assert one.hint == "Is it running, and was manage.py migrate run?"


def test_images_that_wait_for_their_next_attempt_are_not(acme, task_engine):
    [image] = fake_images(acme, 1)
    later = timezone.now() + timedelta(minutes=4)
    Image.objects.filter(pk=image.pk).update(status="pending", next_attempt_at=later)
    assert found("images that wait").value == "0 of 1 pending"
    assert problems() == []


def test_images_that_have_failed_are(acme):
    fake_images(acme, 2)
    Image.objects.update(status="failed")
    assert problems() == ["2 images have failed."]


def test_deletions_that_nobody_carries_out_are(db):
    FileDeletion.objects.create(keys=["images/a.jpg"], next_attempt_at=ago(10))
    FileDeletion.objects.create(keys=["images/b.jpg"])
    one = found("deletions that wait in default")
    assert one.value == "1 of 2"
    assert "has waited for 0:10:0" in one.problem
    assert one.hint == "Run manage.py polyimages_deletions regularly."


def test_an_engine_that_cannot_be_used_is(settings, db):
    settings.POLYIMAGES = settings.POLYIMAGES | {"GENERATE": "tests.nowhere.give"}
    [problem] = problems()
    assert "tests.nowhere" in problem
    assert found("polyimages.E063").hint.startswith("Name a function")


def test_rows_that_are_ready_are_not_read(acme):
    with CaptureQueriesContext(connection) as captured:
        list(diagnose())
    table = connection.ops.quote_name("polyimages_image")
    of_images = [one["sql"] for one in captured if f"FROM {table}" in one["sql"]]
    assert len(of_images) == 2
    for sql in of_images:
        _select, _from, where = sql.partition(" WHERE ")
        assert connection.ops.quote_name("status") in where


def test_as_many_queries_however_many_rows_there_are(acme):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(diagnose())
        return len(captured)

    before = queries()
    fake_images(acme, 50)
    assert queries() == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the planners of others read few rows")
def test_no_query_reads_all_rows(acme):
    with CaptureQueriesContext(connection) as queries:
        list(diagnose())
    of_images = [one["sql"] for one in queries if 'FROM "polyimages_image"' in one["sql"]]
    assert len(of_images) == 2
    for sql in of_images:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert "SEARCH polyimages_image" in plan
        assert "SCAN polyimages_image" not in plan
