"""Packages that are a model field: imagekit, versatileimagefield, pictures and imagefield."""

from __future__ import annotations

import io
from typing import Any

from benchmarks.compare.job import SPECS, Candidate, Job, model


def imagekit() -> Job:
    """A spec field for each version, generated when the original is saved."""
    from django.core.files.base import ContentFile
    from django.db import models
    from imagekit.models import ImageSpecField
    from imagekit.processors import ResizeToFit, Transpose

    specs = {
        spec.name: ImageSpecField(
            source="file",
            processors=[Transpose(), ResizeToFit(spec.side, spec.side, upscale=False)],
            format="WEBP",
            options={"quality": spec.quality},
        )
        for spec in SPECS
    }
    Photo = model(file=models.ImageField(upload_to="photos"), **specs)
    return Job(
        upload=lambda content, name: Photo(file=ContentFile(content, name)).save(),
        rows=Photo.objects.all,
        urls=lambda photo: [getattr(photo, spec.name).url for spec in SPECS],
        models=(Photo,),
    )


def versatile() -> Job:
    """Its sizers keep the format of the original, so this has one of its own that writes WebP."""
    from django.core.files.base import ContentFile
    from PIL import Image
    from versatileimagefield.datastructures import SizedImage
    from versatileimagefield.fields import VersatileImageField
    from versatileimagefield.image_warmer import VersatileImageFieldWarmer
    from versatileimagefield.registry import versatileimagefield_registry

    class WebP(SizedImage):
        filename_key = "webp"

        def process_image(
            self, image: Any, image_format: str, save_kwargs: Any, width: int, height: int
        ) -> io.BytesIO:
            quality = next(spec.quality for spec in SPECS if spec.side == width)
            image.thumbnail((width, height), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            image.save(buffer, "WEBP", quality=quality)
            return buffer

    versatileimagefield_registry.register_sizer("webp", WebP)
    Photo = model(file=VersatileImageField(upload_to="photos"))
    keys = [(spec.name, f"webp__{spec.side}x{spec.side}") for spec in SPECS]

    def upload(content: bytes, name: str) -> None:
        photo = Photo(file=ContentFile(content, name))
        photo.save()
        made, failed = VersatileImageFieldWarmer(photo, keys, "file").warm()
        assert (made, failed) == (len(SPECS), [])

    return Job(
        upload=upload,
        rows=Photo.objects.all,
        urls=lambda photo: [photo.file.webp[f"{spec.side}x{spec.side}"].url for spec in SPECS],
        models=(Photo,),
    )


def pictures() -> Job:
    """Its widths come from a grid, which cannot say these four; so its grid is replaced."""
    from django.core.files.base import ContentFile
    from django.db import models
    from pictures import utils
    from pictures.models import PictureField

    def widths(size: tuple[int, int], **_grid: Any) -> set[int]:
        return {spec.size_of(*size)[0] for spec in SPECS}

    utils.source_set = widths
    number = {"null": True, "editable": False}
    Photo = model(
        width=models.PositiveIntegerField(**number),
        height=models.PositiveIntegerField(**number),
        file=PictureField(
            upload_to="photos", file_types=["WEBP"], width_field="width", height_field="height"
        ),
    )
    return Job(
        upload=lambda content, name: Photo(file=ContentFile(content, name)).save(),
        rows=Photo.objects.all,
        urls=lambda photo: [one.url for one in photo.file.aspect_ratios[None]["WEBP"].values()],
        models=(Photo,),
    )


def imagefield() -> Job:
    """Its ``webp()`` always has quality 95, so this has a processor of its own."""
    from django.core.files.base import ContentFile
    from imagefield.fields import ImageField
    from imagefield.processing_pillow import register_pillow
    from imagefield.processing_vips import register_vips

    def webp_at(get_image: Any, quality: int) -> Any:
        def processor(image: Any, context: Any) -> Any:
            context.save_kwargs["format"] = "WEBP"
            image = get_image(image, context)
            context.save_kwargs["quality"] = quality
            return image

        return processor

    register_pillow(webp_at)
    register_vips(webp_at)

    def version(side: int, quality: int) -> Any:
        def spec(_file: Any, context: Any) -> None:
            context.extension = ".webp"
            context.processors = [("webp_at", quality), "default", ("thumbnail", (side, side))]

        return spec

    formats = {spec.name: version(spec.side, spec.quality) for spec in SPECS}
    file = ImageField(upload_to="photos", formats=formats, auto_add_fields=True)
    Photo = model(file=file)
    return Job(
        upload=lambda content, name: Photo(file=ContentFile(content, name)).save(),
        rows=Photo.objects.all,
        urls=lambda photo: [getattr(photo.file, spec.name) for spec in SPECS],
        models=(Photo,),
    )


FIELDS = (
    Candidate(
        "imagekit",
        "django-imagekit",
        imagekit,
        package="django-imagekit",
        apps=("imagekit",),
        settings={
            "IMAGEKIT_DEFAULT_CACHEFILE_STRATEGY": "imagekit.cachefiles.strategies.Optimistic"
        },
    ),
    Candidate(
        "versatile",
        "django-versatileimagefield",
        versatile,
        package="django-versatileimagefield",
        apps=("versatileimagefield",),
        settings={"VERSATILEIMAGEFIELD_SETTINGS": {"cache_name": "default"}},
    ),
    Candidate(
        "pictures",
        "django-pictures",
        pictures,
        package="django-pictures",
        apps=("pictures",),
        settings={
            "TASKS": {
                "default": {
                    "BACKEND": "django.tasks.backends.immediate.ImmediateBackend",
                    "QUEUES": ["default", "pictures"],
                }
            }
        },
    ),
    Candidate(
        "imagefield",
        "django-imagefield",
        imagefield,
        package="django-imagefield",
        apps=("imagefield",),
        settings={"IMAGEFIELD_BIN_DEPTH": 2},
    ),
    Candidate(
        "imagefield-vips",
        "django-imagefield on pyvips",
        imagefield,
        package="django-imagefield",
        apps=("imagefield",),
        settings={"IMAGEFIELD_BIN_DEPTH": 2, "IMAGEFIELD_BACKEND": "vips"},
    ),
)
