"""The limits, the package itself, and what many projects write by hand."""

from __future__ import annotations

import io
from functools import cache

from benchmarks.compare.job import METHOD, SPECS, Candidate, Job, model


def limit() -> Job:
    """One decode at the smallest scale and four encodes of ready pixels, in one thread."""
    from benchmarks.limit import limit as work

    return Job(upload=lambda content, _name: work(content), before=work)


def parallel_limit() -> Job:
    """The same work, with the encodes in threads."""
    from benchmarks.limit import parallel_limit as work

    return Job(upload=lambda content, _name: work(content), before=work)


def polyimages() -> Job:
    """``Image.objects.upload``, with all checks."""
    from django.contrib.auth.models import Group
    from django.core.files.base import ContentFile

    from django_polyimages.models import Image

    @cache
    def acme() -> Group:
        return Group.objects.get_or_create(name="Acme")[0]

    return Job(
        upload=lambda content, name: Image.objects.upload(
            ContentFile(content, name), organization=acme()
        ),
        rows=Image.objects.all,
        urls=lambda image: [image.versions[spec.name].url for spec in SPECS],
    )


def by_hand() -> Job:
    """Pillow in a view: the file is opened again for each version."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.db import models
    from PIL import Image, ImageOps

    Photo = model(
        file=models.ImageField(upload_to="photos"), versions=models.JSONField(default=dict)
    )

    def upload(content: bytes, name: str) -> None:
        photo = Photo(file=ContentFile(content, name))
        photo.file.save(name, ContentFile(content), save=False)
        for spec in SPECS:
            with default_storage.open(photo.file.name) as file:
                picture = ImageOps.exif_transpose(Image.open(file))
                picture = picture.resize(spec.size_of(*picture.size), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            picture.save(buffer, "WEBP", quality=spec.quality, method=METHOD)
            target = f"{photo.file.name}_{spec.name}.webp"
            photo.versions[spec.name] = default_storage.save(target, ContentFile(buffer.getvalue()))
        photo.save()

    return Job(
        upload=upload,
        rows=Photo.objects.all,
        urls=lambda photo: [default_storage.url(photo.versions[spec.name]) for spec in SPECS],
        models=(Photo,),
    )


def _own(name: str, label: str, *, fast: bool, method: int) -> Candidate:
    settings = {"WEBP_METHOD": method} if method != METHOD else {}
    return Candidate(
        name,
        label,
        polyimages,
        package="django-polyimages",
        apps=("django_polyimages",),
        settings={"POLYIMAGES": settings},
        fast=fast,
    )


LIMITS = (
    Candidate("limit", "limit L", limit),
    Candidate("parallel-limit", "limit, in threads", parallel_limit),
)
OWN = (
    _own("polyimages", "django-polyimages", fast=False, method=METHOD),
    _own("polyimages-fast", "django-polyimages [fast]", fast=True, method=METHOD),
    _own("polyimages-m2", "django-polyimages, method 2", fast=False, method=2),
    _own("polyimages-fast-m2", "django-polyimages [fast], method 2", fast=True, method=2),
)
BY_HAND = Candidate("by-hand", "by hand, with Pillow", by_hand, package="pillow")
