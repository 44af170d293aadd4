"""The steps of ``test_organization_model``, each run in a process with settings of its own."""

from __future__ import annotations

import json
import sys
from typing import Any
from uuid import uuid4

import django
from django.db import IntegrityError, connection, transaction


def fill() -> None:
    from django.contrib.auth.models import Group

    from django_polyimages.conf import get_settings
    from django_polyimages.models import Image, PendingUpload
    from tests.drawing import photo, upload_of

    for name in ("north", "south"):
        group = Group.objects.create(name=name) if get_settings().has_organizations else None
        Image.objects.upload(upload_of(photo(), f"{name}.jpg"), organization=group)
        PendingUpload.objects.begin(name=name, byte_size=1, organization=group)


def owners() -> dict[str, str]:
    from django_polyimages.models import Image

    return {image.title: str(image.organization) for image in Image.objects.all()}


def use() -> list[Any]:
    """What the site does with images of shops; the database refuses shops that do not exist."""
    from django_polyimages.models import Image, PendingUpload
    from tests.drawing import photo, upload_of
    from tests.hosts.late_organizations.models import Shop

    refused = False
    try:
        with transaction.atomic():
            Image.objects.update(organization=uuid4())
            connection.check_constraints()
    except IntegrityError:
        refused = True
    shop = Shop.objects.create(slug="west")
    Image.objects.upload(upload_of(photo(), "west.jpg"), organization=shop)
    PendingUpload.objects.begin(name="west.jpg", byte_size=1, organization=shop)
    before = [Image.objects.count(), PendingUpload.objects.count()]
    shop.delete()
    return [refused, before[0] - Image.objects.count(), before[1], PendingUpload.objects.count()]


STEPS = {"fill": fill, "owners": owners, "use": use}

if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(STEPS[sys.argv[1]]()))
