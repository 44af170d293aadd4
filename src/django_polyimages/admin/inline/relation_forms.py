"""One image of an object as a form, and several files at once."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from django_polyimages.forms import ImageUploadField, MultipleImageUploadField
from django_polyimages.models import AbstractImage
from django_polyimages.models.images import TEXT_FIELDS

_NOT_OPTIONS = {"upload", "image", "order", "DELETE", "id"}
_PLACED = {"upload", "image", "order", "DELETE", "is_cover"}


class ImageRelationForm(forms.ModelForm):
    """One image of an object. A new one is a file, or an image of the library."""

    upload = ImageUploadField(required=False)

    gone = False
    """Whether somebody else has detached the image since the browser was sent this form."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.is_new:
            self.fields["image"].required = False
            return
        del self.fields["upload"], self.fields["image"]  # another image is another relation
        for name in TEXT_FIELDS:
            if field := self.fields.get(f"custom_{name}"):
                field.widget.attrs["placeholder"] = getattr(self.instance.image, name)

    @property
    def is_new(self) -> bool:
        """Whether there is no relation yet."""
        return bool(self.instance._state.adding)

    @property
    def shown_image(self) -> AbstractImage | None:
        """The image that this form shows, if one is known."""
        if not self.is_new:
            return cast("AbstractImage", self.instance.image)
        found = getattr(self, "cleaned_data", {}).get("image")
        return found if isinstance(found, AbstractImage) else None

    @property
    def shown_title(self) -> str:
        """What the image is called, or the file that was sent for it; empty without either."""
        sent = self.files.get(self.add_prefix("upload"))
        return str(self.shown_image or (sent.name if sent else ""))

    @property
    def other_fields(self) -> list[BoundField]:
        """The visible fields that the template does not place by name: texts, and a host's own."""
        return [field for field in self.visible_fields() if field.name not in _PLACED]

    def full_clean(self) -> None:
        if self.gone:
            self._errors, self.cleaned_data = ErrorDict(), {}
            return
        super().full_clean()

    def has_changed(self) -> bool:
        return not self.gone and super().has_changed()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.is_new and not self.errors:
            chosen = [name for name in ("upload", "image") if data.get(name)]
            if len(chosen) != 1:
                raise ValidationError(
                    _("Choose either a file or an image of the library."), code="one_image"
                )
        return data

    def options(self, *, only_changed: bool = False) -> dict[str, Any]:
        """What the relation is to say for itself; its place among the others is the formset's."""
        names = set(self.changed_data if only_changed else self.cleaned_data)
        names -= _NOT_OPTIONS | set(self._many_to_many())
        return {name: self.cleaned_data[name] for name in names}

    def save_many_to_many(self, relation: object) -> None:
        """Write the fields of a host's own relation model that are no columns."""
        for name in self._many_to_many():
            if name in self.changed_data:
                getattr(relation, name).set(self.cleaned_data[name])

    def _many_to_many(self) -> list[str]:
        fields = self._meta.model._meta.get_fields()
        return [one.name for one in fields if one.many_to_many and not one.auto_created]


class NewImagesForm(forms.Form):
    """Several files at once, for browsers without scripts too."""

    uploads = MultipleImageUploadField(required=False)
