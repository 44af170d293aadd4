from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from django_polyimages.operations.selection import Selected, Selection, look_at
from django_polyimages.operations.timing import Stop
from tests.builders import fake_images, uploaded, without_versions
from tests.helpers import storage_calls

pytestmark = pytest.mark.django_db
THUMB = VersionSpec("thumb", 160, 160, quality=65)
SM = VersionSpec("sm", 640, 640, quality=80)
OLD = datetime(2026, 3, 1, tzinfo=UTC)


def select(**options: Any) -> list[Selected]:
    return [one for _image, one in look_at(Selection(**options)) if one]


def reasons(**options: Any) -> list[set[str]]:
    return [set(one.reasons) for one in select(**options)]


def test_an_image_that_is_up_to_date_is_left_out(image):
    assert select() == []


def test_a_version_that_is_not_in_the_row_is_missing(image, versions):
    versions(THUMB, SM, VersionSpec("md", 1024, 1024, 85), VersionSpec("lg", 2048, 2048, 85),
             VersionSpec("xl", 4096, 4096))  # fmt: skip
    [one] = select()
    assert (one.pk, one.reasons, one.names) == (image.pk, {"missing"}, {"xl"})


def test_a_version_of_another_spec_is_stale(acme, versions):
    versions(THUMB, SM)
    uploaded(acme)
    versions(THUMB, VersionSpec("sm", 640, 640, quality=40))
    [one] = select()
    assert (one.reasons, one.names) == ({"stale"}, {"sm"})


def test_a_version_for_another_focal_point_is_stale(acme, versions):
    versions(THUMB, VersionSpec("card", 100, 100, mode="fill"))
    image = uploaded(acme)
    Image.objects.filter(pk=image.pk).update(focal_x=0.1)
    assert [(one.reasons, one.names) for one in select()] == [({"stale"}, {"card"})]


def test_a_version_without_a_spec_has_to_go_and_nothing_has_to_be_made(acme, versions):
    versions(THUMB, SM)
    uploaded(acme)
    versions(THUMB)
    [one] = select()
    assert (one.reasons, one.names) == ({"removed"}, set())


def test_a_failed_image_is_tried_again_with_what_it_lacks(acme, versions):
    versions(THUMB, SM)
    image = uploaded(acme)
    kept = {"thumb": image.versions["thumb"]}
    Image.objects.filter(pk=image.pk).update(status="failed", versions=kept)
    [one] = select(reasons={"failed"})
    assert (one.reasons, one.names) == ({"failed"}, {"sm"})
    assert reasons() == [{"failed", "missing"}]


@pytest.mark.parametrize("status", ["failed", "pending"])
def test_a_row_that_only_has_the_wrong_status_has_to_be_written(image, status):
    Image.objects.filter(pk=image.pk).update(status=status, updated_at=OLD)
    [one] = select()
    assert (one.reasons, one.names) == ({status}, set())


def test_an_image_that_is_pending_for_long_is_stuck(acme):
    without_versions(acme)
    assert reasons(reasons={"pending"}) == [{"pending"}]
    assert reasons(grace=timedelta(days=3)) == []


def test_an_image_somebody_works_on_is_left_alone_even_if_versions_are_missing(acme):
    image = without_versions(acme)
    Image.objects.filter(pk=image.pk).update(updated_at=timezone.now())
    assert select() == []
    assert reasons(grace=timedelta(seconds=-60)) == [{"missing", "pending"}]


def test_only_the_wanted_reasons_count(acme, versions):
    versions(THUMB, SM)
    uploaded(acme)
    versions(VersionSpec("thumb", 160, 160, quality=1), VersionSpec("md", 1024, 1024))
    found = {reason: select(reasons={reason}) for reason in ("missing", "stale", "removed")}
    assert {reason: one.names for reason, [one] in found.items()} == {
        "missing": {"md"},
        "stale": {"thumb"},
        "removed": set(),
    }
    assert select(reasons={"failed"}) == []


def test_only_some_versions_are_wanted(acme, versions):
    versions(SM)
    uploaded(acme)
    versions(THUMB, VersionSpec("md", 1024, 1024))
    [one] = select(only={"md"})
    assert (one.reasons, one.names) == ({"missing"}, {"md"})
    Image.objects.update(status="failed")
    [one] = select(only={"md"}, reasons={"failed"})
    assert one.names == {"md"}
    versions(SM, THUMB)
    assert select(only={"sm"}) == []


def test_a_version_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"no 'huge'; choose from thumb, sm, md, lg\."):
        Selection(only={"lg", "huge"})


def test_everything_is_everything(image):
    [one] = select(everything=True)
    assert (one.reasons, one.names) == ({"all"}, {"thumb", "sm", "md", "lg"})
    [one] = select(everything=True, only={"lg"})
    assert one.names == {"lg"}


def test_images_of_others_older_ones_and_later_ones_are_left_out(acme, other):
    mine, old, late = (without_versions(acme) for _ in range(3))
    theirs = without_versions(other)
    Image.objects.filter(pk=old.pk).update(created_at=OLD)
    Image.objects.filter(pk=late.pk).update(created_at=timezone.now() + timedelta(hours=1))
    assert [one.pk for one in select()] == [mine.pk, old.pk, theirs.pk]
    assert [one.pk for one in select(organization=other.pk)] == [theirs.pk]
    since = OLD + timedelta(days=1)
    assert [one.pk for one in select(since=since)] == [mine.pk, theirs.pk]


def test_rows_are_read_a_page_at_a_time_and_no_storage_is_asked(acme, monkeypatch):
    fake_images(acme, 7)
    monkeypatch.setattr("django_polyimages.operations.pages._AT_ONCE", 3)
    with storage_calls(monkeypatch) as calls, CaptureQueriesContext(connection) as queries:
        assert len(select(grace=timedelta(seconds=-60))) == 7
    assert len(queries) == 4
    assert calls == []


def test_nothing_more_is_read_when_it_is_stopped(acme):
    fake_images(acme, 3)
    stop = Stop()
    looked = look_at(Selection(), stop)
    next(looked)
    stop.ask()
    assert list(looked) == []


class TestOnlyDueImages:
    @pytest.fixture
    def due(self, acme) -> list[Image]:
        """Three of five; the last of them became pending before there was a column for that."""
        ready, later, *due, other = fake_images(acme, 5)
        now = timezone.now()
        Image.objects.filter(pk=ready.pk).update(status="ready")
        waiting = Image.objects.exclude(pk=ready.pk)
        waiting.update(status="pending", updated_at=now - timedelta(hours=1))
        Image.objects.filter(pk=later.pk).update(next_attempt_at=now + timedelta(minutes=4))
        Image.objects.filter(pk=due[0].pk).update(next_attempt_at=now - timedelta(minutes=4))
        Image.objects.filter(pk=other.pk).update(next_attempt_at=now - timedelta(minutes=9))
        return [other, *due]

    def test_are_read_and_nothing_else_the_longest_due_first(self, due):
        selection = Selection(reasons={"pending"}, grace=timedelta())
        seen = [image.pk for image, _selected in look_at(selection)]
        assert seen == [image.pk for image in due]

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan")
    def test_are_found_with_the_index(self, due):
        selection = Selection(reasons={"pending"}, grace=timedelta())
        with CaptureQueriesContext(connection) as queries:
            list(look_at(selection))
        for one in queries.captured_queries:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + one["sql"])
                plan = " ".join(row[-1] for row in cursor.fetchall())
            assert "(status=? AND next_attempt_at" in plan
