"""Rows for tests, made in one place."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from PIL import Image as PillowImage

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
from django_polyimages.specs import DEFAULT_VERSIONS
from django_polyimages.storage import generate_upload_filename, get_original_storage
from django_polyimages.versions import Version
from organizations.models import Membership
from tests.drawing import photo, upload_of

SMALL = VersionSpec("small", 100, 100, quality=95)


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


def uploaded(organization, *size: int, **options: Any) -> Image:
    """An image with its files, of ``photo(*size)``."""
    return Image.objects.upload(upload_of(photo(*size)), organization=organization, **options)


def images_of(obj: Model) -> list[Image]:
    """In display order."""
    return [relation.image for relation in obj.images.all()]


def attached_to(obj: Model) -> list[Image]:
    """In display order, as the database has it now."""
    return images_of(type(obj)._default_manager.get(pk=obj.pk))


def titles_of(obj: Model) -> list[str]:
    """The titles of the images, in display order."""
    return [image.title for image in images_of(obj)]


def fresh(objects: Iterable[Model]) -> list[Model]:
    """The same objects, read again one by one: nothing is loaded with them."""
    return [type(obj)._default_manager.get(pk=obj.pk) for obj in objects]


def logged_in(name: str, organization=None, role: str = "editor", **fields: Any) -> Client:
    """The browser of a new user, a member of the organization if one is given."""
    user = User.objects.create_user(name, password="secret", **fields)
    if organization:
        Membership.objects.create(user=user, organization=organization, role=role)
    client = Client()
    client.force_login(user)
    return client


def staff_with(*codenames: str) -> Client:
    """The browser of somebody whom the admin lets in, with these permissions and no others."""
    client = logged_in("staff", is_staff=True)
    user = User.objects.get(username="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return client


def versions_of(content: bytes, *specs: VersionSpec) -> dict[str, PillowImage.Image]:
    """The versions of a file, decoded again from their bytes."""
    file = ContentFile(content)
    made = {}
    wanted = plan(inspect(file), specs or DEFAULT_VERSIONS)
    for group, scaled in render(prepare(decode(file, wanted), wanted), wanted):
        for spec in group:
            made[spec.name] = PillowImage.open(io.BytesIO(encode(scaled, spec)))
            made[spec.name].load()
    return made


def small_of(content: bytes) -> PillowImage.Image:
    """The version of the spec ``SMALL``."""
    return versions_of(content, SMALL)["small"]


def without_versions(organization, content: bytes | None = None, **fields: Any) -> Image:
    """An image whose process was killed long ago, before there were versions."""
    file = ContentFile(content or photo())
    facts = inspect(file)
    key = get_original_storage().save(generate_upload_filename(None, "photo.jpg"), file)
    image = Image.objects.create(
        file=key,
        organization=organization,
        width=facts.width,
        height=facts.height,
        byte_size=facts.byte_size,
        media_type=facts.media_type,
        sha256=facts.sha256,
        **fields,
    )
    Image.objects.filter(pk=image.pk).update(updated_at=timezone.now() - timedelta(days=2))
    return image
