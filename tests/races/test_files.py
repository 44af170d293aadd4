"""Eight callers generate the versions of one image, delete it, or audit the storage meanwhile."""

from __future__ import annotations

import os
import random
import secrets
import time
from datetime import timedelta
from pathlib import Path

import pytest

from contacts.models import Contact
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.operations.audit import AuditPlan, audit
from django_polyimages.pipeline.rollback import wait_for_removals
from tests.builders import uploaded
from tests.races.auditor import clear, faults_of_files, rows
from tests.races.trials import on_a_server, race

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "other"]), on_a_server]
SIZE = (40, 30)
HOUR = timedelta(hours=1)


def test_generating_beside_moving_the_focal_point(acme, disk):
    def trial():
        clear(disk)
        image = uploaded(acme, *SIZE)
        same = [Image.objects.get(pk=image.pk) for _ in range(8)]
        return [
            *(lambda one=one: Image.objects.regenerate(one, everything=True) for one in same[:3]),
            *(lambda one=one: Image.objects.regenerate(one) for one in same[3:5]),
            *(
                lambda one=one: Image.objects.set_focal_point(one, random.random(), 0.5)
                for one in same[5:]
            ),
        ]

    assert race(
        "generate against set_focal_point", trial, check=faults_of_files, settled=settled
    ).is_clean


def test_deleting_beside_generating(acme, disk):
    def trial():
        clear(disk)
        image = uploaded(acme, *SIZE)
        same = [Image.objects.get(pk=image.pk) for _ in range(6)]
        return [
            same[0].delete,
            lambda: Image.objects.filter(pk=image.pk).delete(),
            *(lambda one=one: Image.objects.regenerate(one, everything=True) for one in same[1:]),
            lambda: Image.objects.regenerate(same[0]),
        ]

    expected = (Image.DoesNotExist,)
    figures = race(
        "delete against generate", trial, expected=expected, check=faults_of_files, settled=settled
    )
    assert figures.is_clean


def settled() -> bool:
    """Wait for files that are removed in the background: those of a worker that was too late."""
    return wait_for_removals(10)


def orphan(disk: Path) -> None:
    """A file that an upload has left behind, which was killed two hours ago."""
    path = disk / f"img_{secrets.token_hex(16)}.jpg"
    path.write_bytes(b"killed")
    two_hours_ago = time.time() - 2 * HOUR.total_seconds()
    os.utime(path, (two_hours_ago, two_hours_ago))


def mend() -> None:
    list(audit(AuditPlan(fix=True, grace=HOUR)))


def test_two_audits(acme, disk):
    def trial():
        clear(disk)
        contact = Contact.objects.create(organization=acme, name="Ada")
        images = [uploaded(acme, *SIZE) for _ in range(3)]
        contact.images.attach_many(images)
        gone = Contact.objects.create(organization=acme, name="Gone")
        gone.images.attach_many(images)
        rows(f"DELETE FROM contacts_contact WHERE id = {gone.pk}")
        for _ in range(5):
            orphan(disk)
        (disk.parent / images[0].versions["sm"].key).unlink()
        return [mend] * 8

    def check():
        left = Relation.objects.count()
        return [*faults_of_files(), *([] if left == 3 else [f"{left} relations instead of 3"])]

    assert race("audits against each other", trial, check=check, settled=settled).is_clean


def work_of_a_site(acme) -> None:
    """Upload, use, and now and then delete."""
    image = uploaded(acme, *SIZE)
    contact = Contact.objects.create(organization=acme, name="Ada")
    contact.images.attach(image, is_cover=True)
    match random.randrange(4):
        case 0:
            image.delete()
        case 1:
            contact.delete()
        case 2:
            Image.objects.regenerate(image, everything=True)


def test_audits_beside_uploads(acme, disk):
    def trial():
        clear(disk)
        for _ in range(5):
            orphan(disk)
        return [mend, mend, *(lambda: work_of_a_site(acme) for _ in range(6))]

    def check():
        waiting = FileDeletion.objects.count()
        return [*faults_of_files(), *(["files left to delete"] if waiting else [])]

    assert race("audits against uploads", trial, check=check, settled=settled).is_clean


def test_audits_beside_two_hundred_uploads(acme, disk):
    """The same, of 34 uploads in each of six threads."""

    def site() -> None:
        for _ in range(34):
            work_of_a_site(acme)

    def trial():
        clear(disk)
        for _ in range(5):
            orphan(disk)
        return [mend, mend, *[site] * 6]

    figures = race(
        "audits against 204 uploads", trial, check=faults_of_files, settled=settled, share=100
    )
    assert figures.is_clean
