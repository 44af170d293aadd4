"""Rows for tests, made in one place."""

from __future__ import annotations

from django_polyimages.models import Image
from django_polyimages.versions import Version


def fake_images(organization, count: int) -> list[Image]:
    """Rows as an upload makes them, without their files."""
    versions = {
        name: Version(
            key=f"images/{{}}_{name}.webp",
            width=1,
            height=1,
            byte_size=1,
            digest="",
            media_type="image/webp",
        )
        for name in ("thumb", "sm", "md", "lg")
    }
    return Image.objects.bulk_create(
        Image(file=f"images/{number}.jpg", title=f"{number}", organization=organization, width=1,
              height=1, byte_size=1, media_type="image/jpeg", sha256="", versions=versions)
        for number in range(count)
    )  # fmt: skip
