"""Packages that keep thumbnails of any file: easy-thumbnails, sorl-thumbnail and Wagtail."""

from __future__ import annotations

from typing import Any

from benchmarks.compare.job import SPECS, Candidate, Job, model


def easy_thumbnails() -> Job:
    """Aliases for all fields, generated when a file is saved."""
    from django.core.files.base import ContentFile
    from easy_thumbnails.fields import ThumbnailerImageField
    from easy_thumbnails.signal_handlers import generate_aliases_global
    from easy_thumbnails.signals import saved_file

    Photo = model(file=ThumbnailerImageField(upload_to="photos"))
    saved_file.connect(generate_aliases_global)
    return Job(
        upload=lambda content, name: Photo(file=ContentFile(content, name)).save(),
        rows=Photo.objects.all,
        urls=lambda photo: [photo.file[spec.name].url for spec in SPECS],
        models=(Photo,),
    )


def sorl() -> Job:
    """Thumbnails are made when a page asks for them first; here right after the upload."""
    from django.core.files.base import ContentFile
    from sorl.thumbnail import ImageField, get_thumbnail
    from sorl.thumbnail.images import source_cache

    Photo = model(file=ImageField(upload_to="photos"))

    def urls(photo: Any) -> list[str]:
        return [
            get_thumbnail(
                photo.file,
                f"{spec.side}x{spec.side}",
                format="WEBP",
                quality=spec.quality,
                upscale=False,
            ).url
            for spec in SPECS
        ]

    def upload(content: bytes, name: str) -> None:
        photo = Photo(file=ContentFile(content, name))
        photo.save()
        with source_cache():
            urls(photo)

    return Job(upload=upload, rows=Photo.objects.all, urls=urls, models=(Photo,))


def wagtail() -> Job:
    """All renditions at once, with its three threads; lists with their renditions prefetched."""
    from django.core.files.base import ContentFile
    from wagtail.images.models import Image

    filters = [
        f"max-{spec.side}x{spec.side}|format-webp|webpquality-{spec.quality}" for spec in SPECS
    ]

    def upload(content: bytes, name: str) -> None:
        image = Image(title=name, file=ContentFile(content, name))
        image.save()
        image.get_renditions(*filters)

    return Job(
        upload=upload,
        rows=lambda: Image.objects.prefetch_renditions(*filters),
        urls=lambda image: [one.url for one in image.get_renditions(*filters).values()],
    )


THUMBNAILERS = (
    Candidate(
        "easy",
        "easy-thumbnails",
        easy_thumbnails,
        package="easy-thumbnails",
        apps=("easy_thumbnails",),
        settings={
            "THUMBNAIL_ALIASES": {
                "": {
                    spec.name: {"size": (spec.side, spec.side), "quality": spec.quality}
                    for spec in SPECS
                }
            },
            "THUMBNAIL_EXTENSION": "webp",
            "THUMBNAIL_TRANSPARENCY_EXTENSION": "webp",
            "THUMBNAIL_DEFAULT_STORAGE_ALIAS": "default",
        },
    ),
    Candidate("sorl", "sorl-thumbnail", sorl, package="sorl-thumbnail", apps=("sorl.thumbnail",)),
    Candidate(
        "sorl-vips",
        "sorl-thumbnail on pyvips",
        sorl,
        package="sorl-thumbnail",
        apps=("sorl.thumbnail",),
        settings={"THUMBNAIL_ENGINE": "sorl.thumbnail.engines.vips_engine.Engine"},
    ),
    Candidate(
        "wagtail",
        "Wagtail images",
        wagtail,
        package="wagtail",
        apps=("taggit", "wagtail.images", "wagtail.users", "wagtail.admin", "wagtail"),
        settings={"WAGTAILADMIN_BASE_URL": "http://127.0.0.1", "WAGTAIL_SITE_NAME": "bench"},
    ),
)
