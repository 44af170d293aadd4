"""Uploads pictures, then prints all rows as JSON.

``python -m tests.engines.uploads COUNT [WIDTH HEIGHT]``
"""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.core.files.base import ContentFile  # noqa: E402

from django_polyimages.models import Image  # noqa: E402
from organizations.models import Organization  # noqa: E402
from tests.drawing import photo  # noqa: E402

organization, _created = Organization.objects.get_or_create(name="Acme", slug="acme")
width, height = map(int, sys.argv[2:] or (1600, 1200))
content = photo(width, height)
for number in range(int(sys.argv[1])):
    Image.objects.upload(ContentFile(content, f"{number}.jpg"), organization=organization)
for image in Image.objects.order_by("pk"):
    row = {
        "id": image.pk,
        "status": image.status,
        "reason": image.failure_reason,
        "keys": image.keys,
        "versions": {name: [one.width, one.height] for name, one in image.versions.items()},
        "placeholder": image.placeholder[:5],
    }
    sys.stdout.write(json.dumps(row) + "\n")
