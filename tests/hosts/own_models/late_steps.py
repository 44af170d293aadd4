"""The steps of ``test_late_switching``, run before and after the switch of models.

``fill`` creates data, ``facts`` prints all of it, ``change`` changes it. The code does not mention
any image model by name. ``refer`` creates a table with a foreign key to a default image, and
``forget`` removes it. Several steps may be named; what the last one returns is printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import django

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MANY = 600
"""The number of images of one object: more than the migration moves in one batch."""


def migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def nothing_is_missing() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    call_command("check", fail_level="WARNING", stdout=StringIO())


def fill() -> None:
    from django.apps import apps
    from django.contrib.auth.models import Group, User

    from django_polyimages import get_image_model
    from tests.drawing import photo, upload_of

    images, acme = get_image_model().objects, Group.objects.create(name="acme")
    user = User.objects.create_user("member")
    uploaded = [
        images.upload(upload_of(photo(), name), organization=acme, creator=user, alt_text=name)
        for name in ("door.jpg", "gate.jpg", "wall.jpg")
    ]
    # Rows without files are enough to check that all rows are moved.
    size = {"width": 1, "height": 1, "byte_size": 1}
    images.bulk_create(
        images.model(file=f"images/{number:04}.jpg", organization=acme, **size)
        for number in range(MANY)
    )
    for number, image in enumerate(images.order_by("pk")):
        moment = LONG_AGO + timedelta(days=number)
        images.filter(pk=image.pk).update(created_at=moment, updated_at=moment)
    for model in ("Book", "Reading", "Branch"):
        key = {"code": "north-2"} if model == "Branch" else {}
        holding = apps.get_model("archive", model)(organization=acme, name="Emma", **key)
        holding.save()
        for image in reversed(uploaded):
            holding.images.attach(image, custom_title=model)
        holding.images.reorder(uploaded[1:])
        holding.images.set_cover(uploaded[2])
    book = apps.get_model("archive", "Book").objects.create(organization=acme, name="Atlas")
    book.images.attach_many(images.filter(title="").order_by("-pk"))


def facts() -> dict[str, Any]:
    """All data that the move must keep: everything but the primary keys of images and relations."""
    from django.apps import apps

    from django_polyimages import get_image_model
    from tests.helpers import stored_keys

    kept = [
        *("title", "alt_text", "organization_id", "creator_id", "created_at", "updated_at"),
        *("width", "height", "byte_size", "media_type", "sha256", "status"),
        *("file_name", "focal_x", "focal_y", "dominant_color", "placeholder"),
    ]
    return {
        "images": {
            image.key: {name: str(getattr(image, name)) for name in kept}
            | {"versions": image.versions}
            for image in get_image_model().objects.order_by("file")
        },
        "holdings": {
            f"{holding._meta.object_name} {holding.name}": [
                (use.image.key, use.is_cover, use.order, use.title, use.alt_text)
                for use in holding.images.all()
            ]
            for model in ("Book", "Reading", "Branch")
            for holding in apps.get_model("archive", model).objects.prefetch_images()
        },
        "files": stored_keys(),
    }


def change() -> None:
    """Check that methods work on moved data, and that deleting an image deletes its files."""
    from django.contrib.auth.models import Group

    from django_polyimages import get_image_model
    from tests.drawing import photo, upload_of
    from tests.helpers import stored_keys

    images = get_image_model().objects
    door, gate = images.get(title="door.jpg"), images.get(title="gate.jpg")
    [book] = [use.content_object for use in gate.relations.all() if use.title == "Book"]
    acme = Group.objects.get()
    book.images.attach(images.upload(upload_of(photo()), organization=acme, title="new"))
    book.images.set_cover(gate)
    assert book.images.cover().image == gate
    door.delete()
    files = stored_keys()
    assert not set(files) & set(door.keys)
    assert set(gate.keys) <= set(files)
    assert [use.image.title for use in book.images.all()] == ["gate.jpg", "wall.jpg", "new"]


def refer() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE plaque (id bigint PRIMARY KEY, image_id bigint NOT NULL, "
            "FOREIGN KEY (image_id) REFERENCES polyimages_image (id))"
        )
        cursor.execute("INSERT INTO plaque SELECT 1, min(id) FROM polyimages_image")


def forget() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE plaque")


STEPS: list[Callable[[], Any]] = [
    migrate,
    nothing_is_missing,
    fill,
    facts,
    change,
    refer,
    forget,
]

if __name__ == "__main__":
    django.setup()
    named = {step.__name__: step for step in STEPS}
    told = [named[name]() for name in sys.argv[1:]]
    sys.stdout.write(json.dumps(told[-1]))
