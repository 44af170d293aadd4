"""A process of the site, which does what requests do: ``python -m tests.engines.web``.

Each line that it reads is a command as JSON, and is answered with all rows.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from unittest.mock import patch

import django

django.setup()

from django_polyimages import tasks  # noqa: E402
from django_polyimages.models import Image  # noqa: E402
from organizations.models import Organization  # noqa: E402


def rows() -> list[dict[str, object]]:
    return [
        {
            "id": image.pk,
            "status": image.status,
            "reason": image.failure_reason,
            "attempts": image.attempts,
            "keys": image.keys,
            "versions": {name: [one.width, one.height] for name, one in image.versions.items()},
            "placeholder": image.placeholder[:5],
        }
        for image in Image.objects.order_by("pk")
    ]


def upload(path: str) -> None:
    organization, _created = Organization.objects.get_or_create(name="Acme", slug="acme")
    Image.objects.upload(Path(path), organization=organization)


def upload_and_die(path: str) -> None:
    """Upload, and be killed after the commit, before the engine has the job."""
    with patch.object(tasks, "enqueue", lambda *_: os.kill(os.getpid(), signal.SIGKILL)):
        upload(path)


def focus(key: int, x: float, y: float) -> None:
    Image.objects.set_focal_point(Image.objects.get(pk=key), x, y)


def delete(key: int) -> None:
    Image.objects.get(pk=key).delete()


COMMANDS = {
    "look": lambda: None,
    "upload": upload,
    "upload_and_die": upload_and_die,
    "focus": focus,
    "delete": delete,
}

for line in sys.stdin:
    name, *arguments = json.loads(line)
    COMMANDS[name](*arguments)
    sys.stdout.write(json.dumps(rows()) + "\n")
    sys.stdout.flush()
