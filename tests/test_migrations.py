"""Hosts with other settings, each in its own process: the first migration depends on settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FOLDERS = ("src", ".", "example_project")
UPLOAD = """
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from tests.drawing import photo, upload_of
call_command("migrate", verbosity=0)
group = Group.objects.create(name="Acme")
user = User.objects.create_user("member")
user.groups.add(group)
client = Client()
client.force_login(user)
path = "/api/v1/images/orgs/Acme/images/"
image = client.post(path, {"file": upload_of(photo())}).json()
assert client.get(path).json()["items"] == [image]
assert image["versions"]["sm"]["url"].startswith("/media/images/img_")
assert client.delete(f"{path}{image['id']}/").status_code == 204
import pathlib
from django.conf import settings
assert list(pathlib.Path(settings.MEDIA_ROOT, "images").iterdir()) == []
print("done")
"""


WITHOUT_NINJA = """
import sys
sys.modules["ninja"] = None
import django
django.setup()
from django.contrib.auth.models import Group
from django.core.management import call_command
from django_polyimages.models import Image
from tests.drawing import photo, upload_of
call_command("migrate", verbosity=0)
call_command("check")
group = Group.objects.create(name="Acme")
assert Image.objects.upload(upload_of(photo()), organization=group).status == "ready"
print("done")
"""


def django(settings: str, *arguments: str) -> str:
    return run(settings, "-m", "django", *arguments)


def run(settings: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": os.pathsep.join(str(PROJECT / name) for name in FOLDERS),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("module", ["tests.settings_default", "config.settings"])
def test_no_migration_is_missing(module):
    assert "No changes detected" in django(module, "makemigrations", "--check", "--dry-run")


def test_a_host_without_settings_uploads_lists_and_deletes():
    assert "done" in django("tests.settings_default", "shell", "--command", UPLOAD)


def test_everything_but_the_api_works_without_ninja():
    assert "done" in run("tests.settings_plain", "-c", WITHOUT_NINJA)


MEDIA_TYPES = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.contrib.auth.models import Group
from django.db.migrations.executor import MigrationExecutor
call_command("migrate", verbosity=0)
call_command("migrate", "polyimages", "0002", verbosity=0)
group = Group.objects.create(name="Acme")
Old = MigrationExecutor(connection).loader.project_state(
    ("polyimages", "0002_focal_point_and_preview")
).apps.get_model("polyimages", "Image")
record = {"width": 1, "height": 1, "bytes": 1, "digest": ""}
Old.objects.bulk_create(
    Old(file=f"images/{number}.jpg", organization_id=group.pk, width=1, height=1, byte_size=1,
        media_type="image/jpeg", sha256="", preview="data:", status="ready",
        versions={"sm": {"key": f"images/{number}_sm.avif", **record},
                  "lg": {"key": f"images/{number}_lg-3fa2c1.jpg", **record}})
    for number in range(1200)
)
call_command("migrate", verbosity=0)
from django_polyimages.models import Image
with connection.cursor() as cursor:
    cursor.execute("SELECT COUNT(*) FROM polyimages_image WHERE versions LIKE '%media_type%'")
    assert cursor.fetchone() == (1200,)
for image in Image.objects.all():
    assert image.versions["sm"].media_type == "image/avif"
    assert image.versions["lg"].media_type == "image/jpeg"
    assert image.placeholder == "data:"
print("done")
"""


def test_rows_of_the_release_before_get_their_media_types():
    assert "done" in run("tests.settings_plain", "-c", MEDIA_TYPES)


DELETIONS = """
import django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
call_command("migrate", verbosity=0)
before = ("polyimages", "0008_default_organization")
call_command("migrate", *before, verbosity=0)
state = MigrationExecutor(connection).loader.project_state(before)
state.apps.get_model("polyimages", "FileDeletion").objects.create(keys=["images/left.jpg"])
call_command("migrate", verbosity=0)
from django_polyimages.models import FileDeletion
[left] = FileDeletion.objects.due(timezone.now() + timedelta(minutes=1))
assert left.attempts == 0
print("done")
"""


def test_deletions_of_the_release_before_are_due_a_minute_after_the_migration():
    assert "done" in run("tests.settings_plain", "-c", DELETIONS)
