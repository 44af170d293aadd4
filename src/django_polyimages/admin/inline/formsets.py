"""The formset of the inline: checks and saves the images of one object."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.contenttypes.forms import BaseGenericInlineFormSet
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_image_model
from django_polyimages.admin.inline.picker import Library
from django_polyimages.admin.inline.relation_forms import ImageRelationForm, NewImagesForm
from django_polyimages.admin.inline.submission import Submission
from django_polyimages.errors import (
    InvalidImage,
    NotAttached,
    StorageUnavailable,
    TooManyImages,
)
from django_polyimages.forms import check_number_of_files
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    ImageRelationManager,
    relations_of,
)
from django_polyimages.models.primary_keys import canonical_key

PAGE = "images_page"
"""The parameter of the address that says which of an object's images are shown."""


class ImageFormSet(BaseGenericInlineFormSet):
    """The images of one object, saved through the methods of ``obj.images``, not row by row.

    It shows one page of them. Saving is about the images that were sent, wherever they are by then,
    and leaves all others as they are.
    """

    request: ClassVar[HttpRequest]
    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    can_upload: ClassVar[bool] = True
    can_view: ClassVar[bool] = True
    is_shown: ClassVar[bool] = True
    """False if the user may do nothing with these images: then nothing of them is shown or saved,
    but an object does not move to another organization with them.
    """
    per_page: ClassVar[int] = 50
    library: ClassVar[Library | None] = None
    instance: Model
    new_objects: list[AbstractImageRelation]

    if TYPE_CHECKING:  # not in the stubs

        def _should_delete_form(self, form: forms.ModelForm) -> bool: ...

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        if data is not None and not self.is_shown:
            prefix = options.get("prefix") or self.get_default_prefix()
            data, files = {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}, None
        super().__init__(data, files, **options)
        every = cast("QuerySet[Any]", self.queryset)
        self._every = every if every.ordered else every.order_by("pk")
        self.queryset = (
            self._sent() if self.is_bound else cast("QuerySet[Any]", self.page.object_list)
        )

    @cached_property
    def page(self) -> Page[Any]:
        """The page that is shown."""
        number = self.data.get(f"{self.prefix}-page") or self.request.GET.get(PAGE)
        return Paginator(self._every, self.per_page).get_page(number)

    @property
    def pages(self) -> list[tuple[Any, str]]:
        """The numbers of the pages and their addresses; empty for an ellipsis and this page."""
        query = self.request.GET.copy()
        pages = []
        for number in self.page.paginator.get_elided_page_range(self.page.number):
            query[PAGE] = str(number)
            is_link = isinstance(number, int) and number != self.page.number
            pages.append((number, f"?{query.urlencode()}" if is_link else ""))
        return pages

    def _sent(self) -> QuerySet[Any]:
        """The object's relations whose keys were sent."""
        model = cast("type[Model]", self.model)
        name = model._meta.pk.name
        rows = range(min(self.initial_form_count(), self.total_form_count()))
        sent = [self.data.get(f"{self.add_prefix(row)}-{name}", "") for row in rows]
        keys = [canonical_key(model, text) for text in sent]
        return self._every.filter(pk__in=[key for key in keys if key is not None])

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
        self._check_files(rows)
        self._submission(rows).check()

    def _submission(self, rows: list[ImageRelationForm]) -> Submission:
        kept = {form.instance.pk for form in rows if not form.is_new}
        initial = cast("list[ImageRelationForm]", self.initial_forms)
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
        )

    def _is_removed(self, form: ImageRelationForm) -> bool:
        return bool(self.can_delete and self._should_delete_form(form))

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
        return [form for form in every if not form.gone and not self._is_removed(form)]

    def _check_files(self, rows: list[ImageRelationForm]) -> None:
        without_row = self.new_images.cleaned_data["uploads"]
        needed = _needed_columns(cast("type[Model]", self.model))
        if without_row and needed:
            raise ValidationError(
                _("Choose each file in a row of its own, and fill in there: %(fields)s."),
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
            return self._verbs().attach(subject, creator=self.request.user, **options)  # type: ignore[arg-type]
        except (StorageUnavailable, InvalidImage, TooManyImages) as error:
            reason = str(error)
        except get_image_model().DoesNotExist:
            reason = _("This image does not exist any more.")
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
