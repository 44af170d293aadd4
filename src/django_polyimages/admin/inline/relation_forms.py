"""The forms of the inline: one for each image, and one for several files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib.admin.helpers import AdminReadonlyField
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from django_polyimages.admin.titles import readable_status, readable_title
from django_polyimages.forms import ImageUploadField, MultipleImageUploadField, sent_before
from django_polyimages.models import AbstractImage
from django_polyimages.models.images import TEXT_FIELDS

_NOT_OPTIONS = {"upload", "image", "order", "DELETE", "id"}
_OF_NEW = {"upload", "image"}
_PLACED = {"upload", "image", "order", "DELETE", "is_cover"}


class ImageRelationForm(forms.ModelForm):
    """One image of an object. A new one is either a file or an image from the library."""

    upload = ImageUploadField(required=False)
    upload.widget.names_lost_files = False  # the inline does, above the cards

    gone = False
    """Whether another user has detached the image since the form was sent to the browser."""
    read_only: Sequence[AdminReadonlyField] = ()
    """What ``readonly_fields`` of the inline names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        relation = options.get("instance")
        if relation is not None and not relation._state.adding:
            # A relation never changes its image, and Django would copy these fields for each card.
            fields = {name: one for name, one in self.base_fields.items() if name not in _OF_NEW}
            self.base_fields = fields  # type: ignore[misc]
        super().__init__(*args, **options)
        if self.is_new:
            if "image" in self.fields:
                self.fields["image"].required = False
            return
        for name in TEXT_FIELDS:
            if field := self.fields.get(f"custom_{name}"):
                field.widget.attrs["placeholder"] = getattr(self.instance.image, name)

    @property
    def is_new(self) -> bool:
        """Whether the relation does not exist yet."""
        return bool(self.instance._state.adding)

    @property
    def shown_image(self) -> AbstractImage | None:
        """The image that this form shows, if it is known."""
        if not self.is_new:
            return cast("AbstractImage", self.instance.image)
        found = getattr(self, "cleaned_data", {}).get("image")
        return found if isinstance(found, AbstractImage) else None

    @property
    def shown_title(self) -> str:
        """The title of the image, or the name of the submitted file; empty if there is neither."""
        if image := self.shown_image:
            return readable_title(image)
        name = self.add_prefix("upload")
        sent = self.files.get(name) or next(iter(sent_before(self.data, name)), None)
        return str(sent.name) if sent else ""

    @property
    def shown_status(self) -> str:
        """What to say of an image that is not ready; empty for one that is."""
        image = self.shown_image
        return "" if image is None or image.status == image.Status.READY else readable_status(image)

    @property
    def other_fields(self) -> list[BoundField]:
        """The visible fields that the template does not place by name: texts, and a host's own."""
        return [field for field in self.visible_fields() if field.name not in _PLACED]

    @property
    def sent_place(self) -> tuple[bool, int]:
        """Where the browser had this card: its number, and last without one."""
        number = self["order"].value() if "order" in self.fields else None
        is_number = str(number).isdecimal() and len(str(number)) < 10
        return not is_number, int(str(number)) if is_number else 0

    def full_clean(self) -> None:
        if self.gone:
            self._errors, self.cleaned_data = ErrorDict(), {}
            return
        super().full_clean()

    def has_changed(self) -> bool:
        return not self.gone and self._was_sent and super().has_changed()

    @property
    def _was_sent(self) -> bool:
        """False for a new card that the script has taken away: the number of forms stays."""
        sent = (*self.data, *self.files)
        return not self.is_new or any(name.startswith(f"{self.prefix}-") for name in sent)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.is_new and not self.errors:
            chosen = [name for name in ("upload", "image") if data.get(name)]
            if len(chosen) != 1:
                raise ValidationError(
                    _("Choose either a file or an image from the library."), code="one_image"
                )
        return data

    def options(self, *, only_changed: bool = False) -> dict[str, Any]:
        """The options for the methods of ``obj.images``; the formset handles the order."""
        names = set(self.changed_data if only_changed else self.cleaned_data)
        names -= _NOT_OPTIONS | set(self._many_to_many())
        return {name: self.cleaned_data[name] for name in names}

    def save_many_to_many(self, relation: object) -> None:
        """Save the many-to-many fields of a host's own relation model."""
        for name in self._many_to_many():
            if name in self.changed_data:
                getattr(relation, name).set(self.cleaned_data[name])

    def _many_to_many(self) -> list[str]:
        fields = self._meta.model._meta.get_fields()
        return [one.name for one in fields if one.many_to_many and not one.auto_created]


class NewImagesForm(forms.Form):
    """Several files at once; also works without JavaScript."""

    uploads = MultipleImageUploadField(required=False)
    uploads.widget.names_lost_files = False
