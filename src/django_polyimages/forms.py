"""Form fields for uploads, with the same checks and messages as everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.forms.widgets import Script
from django.template.defaultfilters import filesizeformat
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_polyimages.conf import get_settings
from django_polyimages.errors import InvalidImage
from django_polyimages.formats import FORMATS
from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.pipeline import store
from django_polyimages.pixels import inspection
from django_polyimages.rendering import picture

__all__ = [
    "ImageUploadField",
    "ImageUploadInput",
    "MultipleImageUploadField",
    "MultipleImageUploadInput",
]

PICTURE_WIDTH = 160
"""Pixels: how wide the picture beside the field is shown at most."""


class ImageUploadInput(forms.ClearableFileInput):
    """A file input that shows the picture that is there and those that were chosen.

    The script checks size and type before anything is sent; without it the field works as well.
    """

    template_name = "polyimages/forms/image_upload.html"

    class Media:
        css = {"all": ["polyimages/upload.css"]}
        js = [Script("polyimages/upload.js", defer=True)]

    def is_initial(self, value: object) -> bool:
        """Whether ``value`` is an image, or an object's relation to one."""
        return isinstance(value, AbstractImage | AbstractImageRelation)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        if self.is_initial(value):
            sizes = f"{PICTURE_WIDTH}px"
            context["widget"]["picture"] = picture(value, sizes=sizes, placeholder="none")
        context["widget"]["attrs"] |= upload_attributes()
        return context


class MultipleImageUploadInput(ImageUploadInput):
    """``ImageUploadInput`` for several files."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Any, files: MultiValueDict[str, UploadedFile[bytes]], name: str
    ) -> Sequence[UploadedFile[bytes]]:
        return files.getlist(name)


class ImageUploadField(forms.FileField):
    """One image as a file, of which every pixel has been checked; nothing is stored yet.

    Its clean value is the file, which ``contact.images.attach()`` takes, or the initial value where
    none was sent: ``"photo" in form.changed_data`` tells them apart.
    """

    widget = ImageUploadInput

    def __init__(self, **options: Any) -> None:
        # An empty file is reported in the words of every other upload.
        super().__init__(**({"allow_empty_file": True} | options))

    def to_python(self, data: Any) -> Any:
        file = super().to_python(data)
        if file is not None:
            _check(file)
        return file


class MultipleImageUploadField(ImageUploadField):
    """Several images as files, at most ``MAX_FILES``; its clean value is a list of files."""

    widget = MultipleImageUploadInput

    def clean(self, data: Any, initial: Any = None) -> list[File[bytes]]:
        files = data or []
        check_number_of_files(len(files))
        if not files:
            super().clean(None)
            return []
        errors, clean = [], []
        for file in files:
            try:
                clean.append(cast("File[bytes]", super().clean(file)))
            except ValidationError as error:
                problem = " ".join(error.messages)
                message = _("{name}: {problem}").format(name=file.name, problem=problem)
                errors.append(ValidationError(message, code=error.code))
        if errors:
            raise ValidationError(errors)
        return clean

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def check_number_of_files(number: int) -> None:
    """Raises ``ValidationError`` for more than ``MAX_FILES``."""
    try:
        inspection.check_number_of_files(number)
    except InvalidImage as error:
        raise ValidationError(str(error), code=error.code) from error


def upload_attributes() -> dict[str, Any]:
    """What the script behind a file input needs to know: limits, and what to say of them."""
    settings = get_settings()
    limit = filesizeformat(settings.max_bytes)
    return {
        "accept": ",".join(FORMATS[name].media_type for name in settings.formats),
        "data-polyimages-upload": "",
        "data-max-bytes": settings.max_bytes,
        "data-max-files": settings.max_files,
        "data-problem": _("{name}: {problem}"),
        "data-too-large": _("Too large; allowed are %(limit)s.") % {"limit": limit},
        "data-wrong-type": _("Unsupported image format; allowed are %(formats)s.")
        % {"formats": ", ".join(settings.formats)},
        "data-too-many": ngettext(
            "Choose %(limit)d file at most.", "Choose %(limit)d files at most.", settings.max_files
        )
        % {"limit": settings.max_files},
    }


def _check(file: File[bytes]) -> None:
    try:
        store.check(file)
    except InvalidImage as error:
        raise ValidationError(str(error), code=error.code) from error
    file.seek(0)
