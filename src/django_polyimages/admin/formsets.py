"""The images of one object as a formset: what the admin's inline checks and saves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.contenttypes.forms import BaseGenericInlineFormSet
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from django_polyimages.errors import InvalidImage, NotAttached, StorageUnavailable
from django_polyimages.forms import ImageUploadField, MultipleImageUploadField
from django_polyimages.models import AbstractImage, AbstractImageRelation, organization_of
from django_polyimages.models.managers import ImageRelationManager, relations_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Where the browser finds the images that can be picked."""

    url: str
    change_name: str
    """The name of the URL where an image of the library is changed."""
    organization: str
    """The key of the object's organization; empty while it is not known."""
    organization_input: str
    """The id of the form's input that chooses the organization; empty where there is none."""


class ImageRelationForm(forms.ModelForm):
    """One image of an object. A new one is a file, or an image of the library."""

    upload = ImageUploadField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:  # another image is another relation
            del self.fields["upload"], self.fields["image"]
            for name in ("title", "alt_text", "description"):
                if field := self.fields.get(f"custom_{name}"):
                    field.widget.attrs["placeholder"] = getattr(self.instance.image, name)
        else:
            self.fields["image"].required = False

    @property
    def shown_image(self) -> AbstractImage | None:
        """The image that this form shows, if one is known."""
        if self.instance.pk:
            return cast("AbstractImage", self.instance.image)
        found = getattr(self, "cleaned_data", {}).get("image")
        return found if isinstance(found, AbstractImage) else None

    @property
    def shown_title(self) -> str:
        """What the image is called, or the file that was sent for it; empty without either."""
        sent = self.files.get(self.add_prefix("upload"))
        return str(self.shown_image or (sent.name if sent else ""))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.instance.pk and not self.errors:
            chosen = [name for name in ("upload", "image") if data.get(name)]
            if len(chosen) != 1:
                raise ValidationError(
                    _("Choose either a file or an image of the library."), code="one_image"
                )
        return data

    def options(self, *, only_changed: bool = False) -> dict[str, Any]:
        """What the relation is to say for itself; its place among the others is the formset's."""
        names = self.changed_data if only_changed else self.cleaned_data
        left_out = {"upload", "image", "order", "DELETE", "id"}
        return {name: self.cleaned_data[name] for name in names if name not in left_out}


class NewImagesForm(forms.Form):
    """Several files at once, for browsers without scripts too."""

    uploads = MultipleImageUploadField(required=False)


class ImageFormSet(BaseGenericInlineFormSet):
    """The images of one object. Saved by the verbs of ``obj.images``, never row by row."""

    request: ClassVar[HttpRequest]
    can_upload: ClassVar[bool] = True
    library: ClassVar[Library | None] = None
    instance: Model
    new_objects: list[AbstractImageRelation]

    if TYPE_CHECKING:  # not in the stubs

        def _should_delete_form(self, form: forms.ModelForm) -> bool: ...

    @cached_property
    def new_images(self) -> NewImagesForm:
        """The files that have no row yet."""
        if not self.is_bound:
            return NewImagesForm(prefix=self.prefix)
        return NewImagesForm(self.data, self.files or None, prefix=self.prefix)

    @property
    def lost_files(self) -> list[str]:
        """The names of files that were sent with a form that has errors: nobody can send them
        again but the user.
        """
        own = [name for name in self.files if name and name.startswith(f"{self.prefix}-")]
        sent = [self.files.getlist(name) for name in own]
        return [str(file.name) for files in sent for file in files]

    def is_multipart(self) -> bool:
        """Always; Django asks the first form, which may be an image that is there already."""
        return True

    def clean(self) -> None:
        super().clean()
        if not self.new_images.is_valid():
            raise ValidationError(self.new_images.errors.as_data()["uploads"])
        forms = [form for form in self._kept() if hasattr(form, "cleaned_data")]
        if sum(bool(form.cleaned_data.get("is_cover")) for form in forms) > 1:
            raise ValidationError(_("Only one image can be the cover."), code="covers")
        images = [form.shown_image for form in forms if form.shown_image]
        if len({image.pk for image in images}) < len(images):
            raise ValidationError(_("An image can be attached only once."), code="twice")
        self._check_organization(images)

    def save_new_objects(self, commit: bool = True) -> list[AbstractImageRelation]:  # noqa: FBT001, FBT002 (Django's signature)
        self.new_objects = []
        kept = self._kept()
        for form in self.extra_forms:
            if form in kept and form.has_changed():
                subject = form.cleaned_data.get("upload") or form.cleaned_data["image"]
                if relation := self._attach(subject, **form.options()):
                    form.instance = relation
                    self.new_objects.append(relation)
        for file in self.new_images.cleaned_data["uploads"] if self.can_upload else []:
            if relation := self._attach(file):
                self.new_objects.append(relation)
        self._reorder()
        return self.new_objects

    def save_existing(
        self,
        form: ImageRelationForm,  # type: ignore[override]
        obj: AbstractImageRelation,
        commit: bool = True,  # noqa: FBT001, FBT002 (Django's signature)
    ) -> AbstractImageRelation:
        if options := form.options(only_changed=True):
            with suppress(NotAttached):  # somebody else has detached it meanwhile
                self._verbs().update_relation(obj.image, **options)
        return obj

    def delete_existing(self, obj: AbstractImageRelation, commit: bool = True) -> None:  # noqa: FBT001, FBT002 (Django's signature)
        self._verbs().detach(obj.image)

    def _verbs(self) -> ImageRelationManager:
        return relations_of(self.instance)

    def _kept(self) -> list[ImageRelationForm]:
        every = cast("list[ImageRelationForm]", self.forms)
        return [form for form in every if not (self.can_delete and self._should_delete_form(form))]

    def _check_organization(self, images: list[AbstractImage]) -> None:
        organization = organization_or_none(self.instance)
        if organization is None:
            return
        strangers = [str(one) for one in images if one.organization_id != organization.pk]
        if strangers:
            raise ValidationError(
                _("Of another organization than %(organization)s: %(images)s."),
                code="organization",
                params={"organization": organization, "images": ", ".join(strangers)},
            )

    def _attach(self, subject: Any, **options: Any) -> AbstractImageRelation | None:
        """Attach a file or an image; what fails now is told, and does not lose the rest."""
        try:
            return self._verbs().attach(subject, creator=self.request.user, **options)  # type: ignore[arg-type]
        except (StorageUnavailable, InvalidImage) as error:
            text = _("“%(name)s” was not added: %(reason)s")
            messages.error(self.request, text % {"name": subject.name, "reason": error})
            return None

    def _reorder(self) -> None:
        """Put the images in the order of the numbers, those without one at the end."""
        forms = [form for form in self._kept() if form.instance.pk]
        if any(form.has_changed() and "order" in form.changed_data for form in forms):
            forms.sort(key=lambda form: _place(form.cleaned_data.get("order")))
            with suppress(NotAttached):  # somebody else has detached one meanwhile
                self._verbs().reorder([form.instance.image for form in forms])


def organization_or_none(obj: Model) -> Model | None:
    """The organization of ``obj``, as far as it can be told before ``obj`` is saved."""
    if not getattr(obj, "image_organization_path", None):
        return None
    with suppress(ValueError, ObjectDoesNotExist):
        organization = organization_of(obj)
        return organization if organization.pk is not None else None
    return None


def _place(order: int | None) -> tuple[bool, int]:
    return order is None, order or 0
