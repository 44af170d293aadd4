"""The formset of the inline: checks and saves the images of one object."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import AdminReadonlyField
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_image_model
from django_polyimages.admin.inline.early_uploads import before_saving, store_files_for
from django_polyimages.admin.inline.pages import PagedFormSet
from django_polyimages.admin.inline.picker import Library
from django_polyimages.admin.inline.relation_forms import ImageRelationForm, NewImagesForm
from django_polyimages.admin.inline.submission import Bounds, Submission
from django_polyimages.errors import (
    InvalidImage,
    NotAttached,
    StorageUnavailable,
    TooManyImages,
)
from django_polyimages.forms import ImageUploadField, check_number_of_files, sent_before
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    ImageRelationManager,
    relations_of,
)
from django_polyimages.pipeline.patience import waiting_together


class ImageFormSet(PagedFormSet):
    """The images of one object, saved through the methods of ``obj.images``, not row by row.

    Saving leaves all images as they are that were not sent.
    """

    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    can_view: ClassVar[bool] = True
    library: ClassVar[Library | None] = None
    uploads_url: ClassVar[str] = ""
    """Where the script sends files as soon as they are chosen; empty if nowhere."""
    inline: ClassVar[Any]
    """The ``ImageInline``."""
    read_only: ClassVar[Sequence[Any]] = ()
    """Its ``readonly_fields``."""
    instance: Model
    new_objects: list[AbstractImageRelation]

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        # Django would count the rows of this page, and no files that have no row.
        self.validate_min = self.validate_max = False
        self._refused: dict[Any, InvalidImage | StorageUnavailable] = {}
        self._down: StorageUnavailable | None = None
        super().__init__(data, files, **options)

    def _construct_form(self, i: int, **kwargs: Any) -> ImageRelationForm:
        is_initial = i < self.initial_form_count()
        if not is_initial:
            kwargs["empty_permitted"] = True  # also below min_num: files may be sent without a row
        form: ImageRelationForm = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.gone = self.is_bound and is_initial and form.is_new
        return form

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        if not self.can_upload:
            form.fields.pop("upload", None)
        elif "upload" in form.fields:
            cast("ImageUploadField", form.fields["upload"]).refusal = self._excess
        cast("ImageRelationForm", form).read_only = [
            AdminReadonlyField(form, name, is_first=False, model_admin=self.inline)
            for name in self.read_only
        ]

    @cached_property
    def new_images(self) -> NewImagesForm:
        """The form with the files that have no row yet."""
        form = NewImagesForm({} if self.is_bound else None, prefix=self.prefix)
        if self.is_bound and self.can_upload:
            form = NewImagesForm(self.data, self.files or None, prefix=self.prefix)
        form.fields["uploads"].widget.uploads_url = self.uploads_url
        return form

    @cached_property
    def _excess(self) -> str:
        """Why no file of a card is read, let alone decoded: there are too many. A thousand cards
        can name a file that was sent before.
        """
        names = [f"{self.add_prefix(number)}-upload" for number in range(self.total_form_count())]
        sent = [name for name in names if self.files.get(name) or sent_before(self.data, name)]
        try:
            check_number_of_files(len(sent))
        except ValidationError as error:
            return str(error.message)
        return ""

    @property
    def lost_files(self) -> list[str]:
        """The names of the files in a submission with errors. A browser does not keep files, so
        users have to choose them again.
        """
        every = cast("list[ImageRelationForm]", self.forms)
        own = [form.add_prefix(name) for form in [*every, self.new_images] for name in form.fields]
        sent = [self.files.getlist(name) for name in own]
        return [str(file.name) for files in sent for file in files]

    def is_multipart(self) -> bool:
        """Always true. Django asks the first form only, which may lack a file field."""
        return True

    def full_clean(self) -> None:
        """All cards together wait for the storage no longer than one may."""
        with waiting_together():
            super().full_clean()

    def clean(self) -> None:
        super().clean()
        if not self.new_images.is_valid():
            raise ValidationError(self.new_images.errors.as_data()["uploads"])
        rows = [form for form in self._kept() if hasattr(form, "cleaned_data")]
        changeable = [form for form in rows if form.is_new or self.can_change]
        if sum(bool(form.cleaned_data.get("is_cover")) for form in changeable) > 1:
            raise ValidationError(_("Only one image can be the cover."), code="covers")
        self._check_files(rows)
        self._submission(rows).check()
        before_saving(self.instance, self._store_files)

    def _submission(self, rows: list[ImageRelationForm]) -> Submission:
        kept = {form.instance.pk for form in rows if not form.is_new}
        initial = cast("list[ImageRelationForm]", self.initial_forms)
        own = type(self)
        return Submission(
            instance=self.instance,
            images=[image for form in rows if form.is_new and (image := form.shown_image)],
            number_of_files=self._number_of_files(rows),
            removed=[
                form.instance.pk
                for form in initial
                if not form.is_new and form.instance.pk not in kept and self._is_removed(form)
            ],
            may_name=self.can_view,
            takes_cover=not self.can_change
            and any(form.is_new and form.cleaned_data.get("is_cover") for form in rows),
            counted=self._every if self.can_view else None,
            bounds=Bounds(
                least=self.min_num if self.can_add else 0,
                most=self.most,
                validate_min=own.validate_min,
                validate_max=own.validate_max and self.can_add,
            ),
        )

    def save_new_objects(self, commit: bool = True) -> list[AbstractImageRelation]:  # noqa: FBT001, FBT002 (Django's signature)
        self.new_objects = []
        if self.can_add:
            self._attach_new()
        self._reorder()
        return self.new_objects

    def _attach_new(self) -> None:
        for form in self._added():
            subject = form.cleaned_data.get("upload") or form.cleaned_data["image"]
            if relation := self._attach(subject, **form.options()):
                form.save_many_to_many(relation)
                form.instance = relation
                self.new_objects.append(relation)
        for file in self.new_images.cleaned_data["uploads"]:
            if relation := self._attach(file):
                self.new_objects.append(relation)

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
        return [form for form in every if not form.gone and not self._is_removed(form)]

    def _added(self) -> list[ImageRelationForm]:
        return [form for form in self._kept() if form.is_new and form.has_changed()]

    def _store_files(self) -> None:
        """Store all files before the first row is written."""
        if self.can_add:
            in_rows = [form.cleaned_data.get("upload") for form in self._added()]
            files = [file for file in in_rows if file] + self.new_images.cleaned_data["uploads"]
            self._refused = store_files_for(self.instance, files)

    def _check_files(self, rows: list[ImageRelationForm]) -> None:
        without_row = self.new_images.cleaned_data["uploads"]
        needed = _needed_columns(cast("type[Model]", self.model))
        if without_row and needed:
            raise ValidationError(
                _("Choose the files one by one and fill in these fields for each: %(fields)s."),
                code="rows",
                params={"fields": ", ".join(needed)},
            )
        check_number_of_files(self._number_of_files(rows))

    def _number_of_files(self, rows: list[ImageRelationForm]) -> int:
        in_rows = sum(bool(form.cleaned_data.get("upload")) for form in rows)
        return len(self.new_images.cleaned_data["uploads"]) + in_rows

    def _attach(self, subject: Any, **options: Any) -> AbstractImageRelation | None:
        """Attach a file or an image. A failure is shown as a message and the rest is saved."""
        try:
            if isinstance(subject, File) and (refusal := self._refused.get(subject) or self._down):
                raise refusal
            return self._verbs().attach(subject, creator=self.request.user, **options)  # type: ignore[arg-type]
        except StorageUnavailable as error:
            self._down = error  # not asked again: each attempt may last until a timeout
            reason = str(error)
        except (InvalidImage, TooManyImages) as error:
            reason = str(error)
        except get_image_model().DoesNotExist:
            reason = _("This image no longer exists.")
        text = _("“%(name)s” was not added: %(reason)s")
        name = str(subject) if isinstance(subject, AbstractImage) else subject.name
        messages.error(self.request, text % {"name": name, "reason": reason})
        return None

    def _reorder(self) -> None:
        """Reorder the images of the page by their numbers; those without a number come last."""
        rows = [form for form in self._kept() if not form.is_new]
        if self.can_change and any("order" in form.changed_data for form in rows):
            rows.sort(key=lambda form: _place(form.cleaned_data.get("order")))
            with suppress(NotAttached):  # another user has detached one in the meantime
                # Where they stand now: other pages may have changed since this one was shown.
                self._verbs().reorder([form.instance.image for form in rows], start=None)


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
