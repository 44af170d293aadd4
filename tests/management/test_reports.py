from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from django_polyimages.management.reports import (
    FAILURES_NAMED,
    AuditReport,
    DeletionReport,
    GenerationReport,
    count,
    failure_line,
    finding_line,
)
from django_polyimages.models import FileDeletion
from django_polyimages.operations.audit import Finding
from django_polyimages.operations.deletions import DeletionPlan
from django_polyimages.operations.generation import GeneratedImage, GenerationPlan
from django_polyimages.operations.selection import Selection


def plan(images: int) -> GenerationPlan:
    return GenerationPlan(
        selection=Selection(),
        images=images,
        reasons={"stale": images},
        bytes_to_read=1_250_000,
        bytes_to_write=340_000,
        cpu_seconds=1,
    )


def test_a_noun_has_a_plural():
    assert [count(number, "file") for number in (0, 1, 1234)] == [
        "0 files",
        "1 file",
        "1,234 files",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (60, "60 seconds"),
        (61, "2 minutes"),
        (3600, "1 hour 0 minutes"),
        (7140, "1 hour 59 minutes"),
        (7190, "2 hours 0 minutes"),
    ],
)
def test_a_plan_says_how_much_it_is(seconds, words):
    assert list(GenerationReport(plan(2), seconds).plan_lines()) == [
        "To generate: versions of 2 images.",
        "  stale: 2",
        f"To read: 1.2 MB. To write: about 0.3 MB. Time: about {words}.",
    ]


def test_the_list_of_failures_has_an_end():
    report = GenerationReport(plan(1000), 1)
    for number in range(1000):
        report.add(GeneratedImage(id=str(number), key="images/a.jpg", failure="Damaged"))
    failed = report.outcome["failed"]
    assert (failed["images"], failed["reasons"]) == (1000, {"Damaged": 1000})
    assert len(failed["first"]) == FAILURES_NAMED
    assert failed["first"][7] == {"id": "7", "key": "images/a.jpg", "reason": "Damaged"}


def test_only_who_stops_leaves_images():
    report = GenerationReport(plan(5), 1)
    report.add(GeneratedImage(id="1", generated=["sm", "lg"]))
    report.add(GeneratedImage(id="2", failure="Damaged"))
    assert report.left(is_stopped=False) == 0
    assert report.left(is_stopped=True) == 3
    assert list(report.lines()) == [
        "Generated: 2 versions, 1 image in order.",
        "Failed: 1 image.",
        "  Damaged: 1",
    ]


def test_the_deletions_of_several_databases_are_added_up():
    march, april = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4))
    plans = [
        DeletionPlan(FileDeletion.objects.all(), 2, 10, april, {"AccessDenied": 2}, 1),
        DeletionPlan(FileDeletion.objects.all(), 1, 5, march, {"AccessDenied": 1}, 0),
        DeletionPlan(FileDeletion.objects.all(), 0, 0, None, {}, 0),
    ]
    assert json.loads(json.dumps(DeletionReport(plans).planned)) == {
        "deletions": 3,
        "files": 15,
        "oldest": march.isoformat(),
        "reasons": {"AccessDenied": 3},
        "not_due": 1,
    }


def test_a_plan_has_no_outcome():
    deletions, generation = DeletionReport([]), GenerationReport(plan(2), 1)
    for report, names in (
        (deletions, ("carried_out", "refused")),
        (generation, ("generated", "failed")),
    ):
        nothing = dict.fromkeys(names)
        assert report.as_json(is_done=False) == {"planned": report.planned} | nothing
        done = report.as_json(is_done=True)
        assert set(done) == {"planned", *names}
        assert None not in done.values()


def test_information_is_neither_fixed_nor_left():
    report = AuditReport()
    for finding in (
        Finding(kind="orphan", key="images/a.jpg", detail="", fixed=True),
        Finding(kind="failed", model="polyimages.Image", id="1", detail=""),
        Finding(kind="shared_file", detail=""),
    ):
        report.add(finding)
    assert report.outcome == {"fixed": {"orphan": 1}, "left": {"failed": 1}}
    assert list(report.lines()) == ["Fixed: 1 orphan. Left: 1 failed."]


def test_a_finding_and_a_failure_are_one_line():
    finding = Finding(kind="orphan", key="images/a.jpg", detail="no row", fixed=True)
    assert finding_line(finding) == "orphan: images/a.jpg: no row (fixed)"
    failure = GeneratedImage(id="1", key="images/a.jpg", failure="Damaged")
    assert failure_line(failure) == "1: images/a.jpg: Damaged"
