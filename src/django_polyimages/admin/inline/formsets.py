"""The formset of the inline: checks and saves the images of one object."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.contenttypes.forms import BaseGenericInlineFormSet
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_image_model
from django_polyimages.admin.inline.relation_forms import ImageRelationForm, NewImagesForm
from django_polyimages.errors import InvalidImage, NotAttached, StorageUnavailable
from django_polyimages.forms import check_number_of_files
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    ImageRelationManager,
    relations_of,
)
from django_polyimages.models.organizations import organization_keys, path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Where the script of the inline finds the images that can be picked."""

    url: str
    change_name: str
    """The name of the URL of the admin page of an image."""
    organization: str
    """The primary key of the object's organization; empty while it is unknown."""
    organization_input: str
    """The HTML id of the input that selects the organization; empty if there is none."""


class ImageFormSet(BaseGenericInlineFormSet):
    """The images of one object, saved through the methods of ``obj.images``, not row by row."""

    request: ClassVar[HttpRequest]
    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    can_upload: ClassVar[bool] = True
    library: ClassVar[Library | None] = None
    instance: Model
    new_objects: list[AbstractImageRelation]

    if TYPE_CHECKING:  # not in the stubs

        def _should_delete_form(self, form: forms.ModelForm) -> bool: ...

    def _construct_form(self, i: int, **kwargs: Any) -> ImageRelationForm:
        form: ImageRelationForm = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.gone = self.is_bound and i < self.initial_form_count() and form.is_new
        return form

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        if not self.can_upload:
            form.fields.pop("upload", None)

    @cached_property
    def new_images(self) -> NewImagesForm:
        """The form with the files that have no row yet."""
        if not self.is_bound or not self.can_upload:
            return NewImagesForm({} if self.is_bound else None, prefix=self.prefix)
        return NewImagesForm(self.data, self.files or None, prefix=self.prefix)

    @property
    def lost_files(self) -> list[str]:
        """The names of the files in a submission with errors. A browser does not keep files, so
        users have to choose them again.
        """
        own = [name for name in self.files if name and name.startswith(f"{self.prefix}-")]
        sent = [self.files.getlist(name) for name in own]
        return [str(file.name) for files in sent for file in files]

    def is_multipart(self) -> bool:
        """Always true. Django asks the first form only, which may lack a file field."""
        return True

    def clean(self) -> None:
        super().clean()
        if not self.new_images.is_valid():
            raise ValidationError(self.new_images.errors.as_data()["uploads"])
        rows = [form for form in self._kept() if hasattr(form, "cleaned_data")]
        if sum(bool(form.cleaned_data.get("is_cover")) for form in rows) > 1:
            raise ValidationError(_("Only one image can be the cover."), code="covers")
        images = [form.shown_image for form in rows if form.shown_image]
        if len({image.pk for image in images}) < len(images):
            raise ValidationError(_("An image can be attached only once."), code="twice")
        self._check_files(rows)
        self._check_organizations(rows)

    def save_new_objects(self, commit: bool = True) -> list[AbstractImageRelation]:  # noqa: FBT001, FBT002 (Django's signature)
        self.new_objects = []
        if not self.can_add:
            return []
        for form in [one for one in self._kept() if one.is_new and one.has_changed()]:
            subject = form.cleaned_data.get("upload") or form.cleaned_data["image"]
            if relation := self._attach(subject, **form.options()):
                form.save_many_to_many(relation)
                form.instance = relation
                self.new_objects.append(relation)
        for file in self.new_images.cleaned_data["uploads"]:
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
        if self.can_change:
            with suppress(NotAttached):  # another user has detached it in the meantime
                if options := form.options(only_changed=True):
                    self._verbs().update_relation(obj.image, **options)
                form.save_many_to_many(obj)
        return obj

    def delete_existing(self, obj: AbstractImageRelation, commit: bool = True) -> None:  # noqa: FBT001, FBT002 (Django's signature)
        self._verbs().detach(obj.image)

    def _verbs(self) -> ImageRelationManager:
        return relations_of(self.instance)

    def _kept(self) -> list[ImageRelationForm]:
        every = cast("list[ImageRelationForm]", self.forms)
        return [
            form
            for form in every
            if not form.gone and not (self.can_delete and self._should_delete_form(form))
        ]

    def _check_files(self, rows: list[ImageRelationForm]) -> None:
        without_row = self.new_images.cleaned_data["uploads"]
        needed = _needed_columns(cast("type[Model]", self.model))
        if without_row and needed:
            raise ValidationError(
                _("Choose each file in a row of its own, and fill in there: %(fields)s."),
                code="rows",
                params={"fields": ", ".join(needed)},
            )
        in_rows = sum(bool(form.cleaned_data.get("upload")) for form in rows)
        check_number_of_files(len(without_row) + in_rows)

    def _check_organizations(self, rows: list[ImageRelationForm]) -> None:
        """New images must belong to the object's organization.

        Images attached before must belong to it too if the organization of the object changes.
        """
        path = path_of(type(self.instance))
        if not path:
            return
        keys = organization_keys(self.instance)
        new = [image for form in rows if form.is_new and (image := form.shown_image)]
        files = any(form.cleaned_data.get("upload") for form in rows)
        files = files or bool(self.new_images.cleaned_data["uploads"])
        if not keys and (new or (files and path != "pk")):
            raise ValidationError(
                _("Images are of the object's organization, and it has none yet."),
                code="no_organization",
            )
        strangers = [image for image in new if image.organization_id not in keys]
        old = [form.instance.image for form in rows if not form.is_new]
        moved = [image for image in old if image.organization_id not in keys]
        if moved and self._organizations_before() != keys:
            strangers += moved
        if strangers:
            raise ValidationError(
                _("Of another organization: %(images)s."),
                code="organization",
                params={"images": ", ".join(map(str, strangers))},
            )

    def _organizations_before(self) -> set[Any]:
        before = type(self.instance)._base_manager.filter(pk=self.instance.pk).first()
        return organization_keys(before) if before else set()

    def _attach(self, subject: Any, **options: Any) -> AbstractImageRelation | None:
        """Attach a file or an image. A failure is shown as a message and the rest is saved."""
        try:
            return self._verbs().attach(subject, creator=self.request.user, **options)  # type: ignore[arg-type]
        except (StorageUnavailable, InvalidImage) as error:
            reason = str(error)
        except get_image_model().DoesNotExist:
            reason = _("This image does not exist any more.")
        text = _("“%(name)s” was not added: %(reason)s")
        name = str(subject) if isinstance(subject, AbstractImage) else subject.name
        messages.error(self.request, text % {"name": name, "reason": reason})
        return None

    def _reorder(self) -> None:
        """Reorder the images by their numbers; those without a number come last."""
        rows = [form for form in self._kept() if not form.is_new]
        if self.can_change and any("order" in form.changed_data for form in rows):
            rows.sort(key=lambda form: _place(form.cleaned_data.get("order")))
            with suppress(NotAttached):  # another user has detached one in the meantime
                self._verbs().reorder([form.instance.image for form in rows])


def _needed_columns(model: type[Model]) -> list[str]:
    """The names of required columns that a host's own relation model has added."""
    known = {field.name for field in AbstractImageRelation._meta.get_fields()} | {"image"}
    return [
        str(capfirst(field.verbose_name))
        for field in model._meta.get_fields()
        if field.concrete
        and not field.many_to_many
        and field.name not in known
        and not (field.primary_key or field.blank or field.null or field.has_default())
    ]


def _place(order: int | None) -> tuple[bool, int]:
    return order is None, order or 0
