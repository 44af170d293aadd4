"""Form fields for uploads, with the same checks and messages as the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from django_polyimages.errors import Busy, InvalidImage, StorageUnavailable, UploadGone
from django_polyimages.formats import FORMATS
from django_polyimages.models import AbstractImage, AbstractImageRelation, PendingUpload
from django_polyimages.models.received_files import discarding
from django_polyimages.pipeline import store
from django_polyimages.pipeline.patience import waiting_together
from django_polyimages.pixels import inspection
from django_polyimages.rendering import picture

__all__ = [
    "ImageUploadField",
    "ImageUploadInput",
    "MultipleImageUploadField",
    "MultipleImageUploadInput",
]

PICTURE_WIDTH = 160
"""The maximum width of the picture next to the field, in pixels."""


SENDING = [
    Script(f"polyimages/{name}.js", defer=True)
    for name in ("putting", "sending", "previews", "progress", "upload-list", "waiting")
]
"""The scripts that send files before their form is saved."""
_UPLOAD = Script("polyimages/upload.js", defer=True)


@dataclass(frozen=True, slots=True)
class SentBefore:
    """The id of an upload, which a form sends instead of the file."""

    id: str

    @property
    def name(self) -> str:
        """The name of the file; empty if it is not there any longer."""
        try:
            return PendingUpload.objects.find(self.id).file_name
        except UploadGone:
            return ""

    @property
    def is_usable(self) -> bool:
        try:
            PendingUpload.objects.received(self.id)
        except UploadGone:
            return False
        return True

    def file(self) -> File[bytes]:
        """The file. Raises ``ValidationError`` if it cannot be used."""
        try:
            return PendingUpload.objects.received(self.id)
        except UploadGone as error:
            raise ValidationError(str(error), code=error.code) from error


def sent_before(data: Any, name: str) -> list[SentBefore]:
    """What the hidden inputs of the field hold, each id once."""
    html_name = f"{name}-upload"
    ids = data.getlist(html_name) if hasattr(data, "getlist") else data.get(html_name, [])
    return [SentBefore(one) for one in dict.fromkeys([ids] if isinstance(ids, str) else ids)]


class ImageUploadInput(forms.ClearableFileInput):
    """A file input that shows the current picture and the chosen files.

    A form that is shown again names the files that were sent with it: browsers do not keep them, so
    they have to be chosen again, whichever field has the error.
    Its script checks size and type before anything is sent. The field also works without it.
    """

    template_name = "polyimages/forms/image_upload.html"
    sent: Sequence[str | None] = ()
    """The names of the files in the submission that the form is bound to."""
    names_lost_files = True
    """False where the page names the files of all its fields together."""
    received: Sequence[SentBefore] = ()
    """The uploads whose ids are in the submission that the form is bound to."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, uploads_url: str = "") -> None:
        super().__init__(attrs)
        self.uploads_url = uploads_url

    @property
    def media(self) -> forms.Media:
        """The stylesheet and the scripts: those that send files are for a page with a URL only."""
        scripts: Any = [*(SENDING if self.uploads_url else []), _UPLOAD]
        return forms.Media(css={"all": ("polyimages/upload.css",)}, js=scripts)

    def use_required_attribute(self, initial: Any) -> bool:
        """Not where the script empties the input, because its file is on its way."""
        return super().use_required_attribute(initial) and not self.uploads_url

    def is_initial(self, value: object) -> bool:
        """Whether ``value`` is an image or a relation."""
        return isinstance(value, AbstractImage | AbstractImageRelation)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        self.sent = [value.name] if isinstance(value, UploadedFile) else []
        self.received = sent_before(data, name)[:1]
        return self.received[0] if value is None and self.received else value

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        if self.is_initial(value):
            sizes = f"{PICTURE_WIDTH}px"
            context["widget"]["picture"] = picture(value, sizes=sizes, placeholder="none")
        context["widget"]["attrs"] |= upload_attributes()
        context["widget"]["lost"] = self.sent if self.names_lost_files else ()
        context["widget"]["uploads_url"] = self.uploads_url
        context["widget"]["is_several"] = (
            self.allow_multiple_selected or "data-several" in self.attrs
        )
        context["widget"]["received"] = [one for one in self.received if one.is_usable]
        return context


class MultipleImageUploadInput(ImageUploadInput):
    """``ImageUploadInput`` for several files."""

    allow_multiple_selected = True

    def value_from_datadict(
        self,
        data: Any,
        files: MultiValueDict[str, UploadedFile[bytes]] | dict[str, list[UploadedFile[bytes]]],
        name: str,
    ) -> Sequence[UploadedFile[bytes] | SentBefore]:
        # Tests write a plain dict, which Django's widgets accept, too.
        value = files.getlist(name) if isinstance(files, MultiValueDict) else files.get(name, [])
        self.sent = [file.name for file in value]
        self.received = sent_before(data, name)
        return [*value, *self.received]


class ImageUploadField(forms.FileField):
    """An image file that is completely decoded to check it, but not stored.

    The cleaned value is the file, for ``contact.images.attach()``, or the initial value if no file
    was sent: ``"photo" in form.changed_data`` distinguishes them.
    """

    widget = ImageUploadInput
    refusal = ""
    """Why a file is not even read; empty if it is."""

    def __init__(self, **options: Any) -> None:
        # Report an empty file with the same message as the API.
        super().__init__(**({"allow_empty_file": True} | options))

    def clean(self, data: Any, initial: Any = None) -> Any:
        if self.refusal and isinstance(data, SentBefore | File):
            raise ValidationError(self.refusal, code="too_many_files")
        if isinstance(data, SentBefore):
            data = data.file()
        try:
            return super().clean(data, initial)
        except ValidationError as error:
            if not isinstance(data, File):
                raise
            # A browser does not show any more which file it has sent.
            raise ValidationError([_named(data, one) for one in error.error_list]) from error

    def to_python(self, data: Any) -> Any:
        file = super().to_python(data)
        if file is not None:
            _check(file)
        return file


class MultipleImageUploadField(ImageUploadField):
    """Several image files, at most ``MAX_FILES``. The cleaned value is a list of files."""

    widget = MultipleImageUploadInput

    def clean(self, data: Any, initial: Any = None) -> list[File[bytes]]:
        files = data or []
        check_number_of_files(len(files))
        if not files:
            super().clean(None)
            return []
        errors: list[ValidationError] = []
        clean = []
        with waiting_together():
            for file in files:
                try:
                    clean.append(cast("File[bytes]", super().clean(file)))
                except ValidationError as error:
                    errors += error.error_list
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
    """Attributes for the script of a file input: limits and error messages."""
    settings = get_settings()
    limit = filesizeformat(settings.max_bytes)
    return {
        "accept": ",".join(FORMATS[name].media_type for name in settings.formats),
        "data-polyimages-upload": "",
        "data-max-bytes": settings.max_bytes,
        "data-max-files": settings.max_files,
        "data-problem": _("{name}: {problem}"),
        "data-too-large": _("Too large; the maximum is %(limit)s.") % {"limit": limit},
        "data-wrong-type": _("Unsupported image format. Supported formats: %(formats)s.")
        % {"formats": ", ".join(settings.formats)},
        "data-too-many": ngettext(
            "Choose at most %(limit)d file.", "Choose at most %(limit)d files.", settings.max_files
        )
        % {"limit": settings.max_files},
    }


def _named(file: File[bytes], error: ValidationError) -> ValidationError:
    problem = " ".join(error.messages)
    message = _("{name}: {problem}").format(name=file.name, problem=problem)
    return ValidationError(message, code=error.code)


def _check(file: File[bytes]) -> None:
    try:
        with discarding(file):
            store.check(file)
    except InvalidImage as error:
        raise ValidationError(str(error), code=error.code) from error
    except StorageUnavailable as error:  # which a file has to be read from that was sent before
        code = "busy" if isinstance(error, Busy) else "storage_unavailable"
        raise ValidationError(str(error), code=code) from error
    file.seek(0)
