"""How the admin saves an image.

It uses the methods of ``ImageManager`` and never overwrites the columns that they maintain.
"""

from __future__ import annotations

from collections.abc import Set
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import router, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_polyimages import tasks
from django_polyimages.conf import get_settings
from django_polyimages.errors import InvalidImage, StorageUnavailable
from django_polyimages.forms import ImageUploadField
from django_polyimages.models import AbstractImage
from django_polyimages.models.images import TEXT_FIELDS
from django_polyimages.models.joins.metadata import has_table_of_its_own

FOCAL_POINT = ("focal_x", "focal_y")


class ImageUploadForm(forms.ModelForm):
    """The form for a new image: its file and texts."""

    upload = ImageUploadField(label=gettext_lazy("File"))

    refusal = ""
    """Why a valid file could not be stored, if that has happened."""
    uploads_url = ""
    """Where the script sends files as soon as they are chosen; empty if nowhere."""
    list_url = ""
    """Where the user goes when several files have been added."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "title" in self.fields:
            self.fields["title"].help_text = _("Leave empty to use the file name.")
        if self.uploads_url:
            self._send_at_once()
        if self.refusal:
            self.files = MultiValueDict()  # the file has been read and may be closed
            self.fields["upload"].required = False

    def _send_at_once(self) -> None:
        """Also several files: the script then adds an image for each."""
        widget: Any = self.fields["upload"].widget
        widget.uploads_url = self.uploads_url
        widget.attrs |= {
            "data-several": _("Added: {done} of {count}"),
            "data-list": self.list_url,
        }

    def clean(self) -> dict[str, Any] | None:
        if self.refusal:
            self.add_error("upload", self.refusal)
        return super().clean()


class ImageSaving(admin.ModelAdmin):
    """Saves through ``objects.upload()`` and ``objects.set_focal_point()``."""

    add_form = ImageUploadForm

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **kwargs: Any,
    ) -> Any:
        if obj is None:
            named = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
            attributes = {
                "refusal": getattr(request, "_polyimages_refusal", ""),
                "uploads_url": reverse(f"{named}_uploads"),
                "list_url": reverse(f"{named}_changelist"),
            }
            kwargs.setdefault("form", type("AddForm", (self.add_form,), attributes))
        return super().get_form(request, obj, change=change, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except (InvalidImage, StorageUnavailable) as error:
            # Everything is rolled back. Show the form again, with its data and the error.
            request._polyimages_refusal = str(error)  # type: ignore[attr-defined]
            return super().add_view(request, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            self._upload(request, obj, form.cleaned_data["upload"])
            return
        rows = self.model._base_manager.using(router.db_for_write(self.model, instance=obj))
        if not rows.select_for_update().filter(pk=obj.pk).exists():
            raise Http404(_("This image no longer exists."))
        # Keep the columns that other workers write: they may be generating versions right now.
        obj.save(update_fields=_own_columns(obj))
        if not set(FOCAL_POINT).isdisjoint(form.changed_data):
            type(obj).objects.set_focal_point(obj, obj.focal_x, obj.focal_y)
            using = router.db_for_write(self.model)
            transaction.on_commit(partial(self._tell_of_failure, request, obj), using=using)

    def _upload(self, request: HttpRequest, obj: Any, file: Any) -> None:
        """Store the file with the values of ``obj``, and turn ``obj`` into the inserted row."""
        image = self.model.objects.upload(
            file,
            organization=obj.organization if get_settings().has_organizations else None,
            creator=request.user,
            title=obj.title or None,
            alt_text=obj.alt_text,
            description=obj.description,
            **{field.attname: getattr(obj, field.attname) for field in _extra_fields(self.model)},
        )
        obj.pk = image.pk
        obj._state.adding = False
        obj.refresh_from_db(using=image._state.db)
        self._tell_of_failure(request, obj)

    def _tell_of_failure(self, request: HttpRequest, image: AbstractImage) -> None:
        names = ", ".join(spec.name for spec in image.outdated_specs)
        is_waiting = image.status == image.Status.PENDING and not tasks.is_inline()
        if names and not is_waiting:
            message = _(
                "These versions of “%(image)s” could not be generated: %(names)s (%(reason)s)."
            )
            reason = image.failure_reason or _("another process is changing this image")
            facts = {"image": image, "names": names, "reason": reason}
            self.message_user(request, message % facts, messages.WARNING)


def extra_field_names(model: type[AbstractImage]) -> list[str]:
    """The names of the editable fields that a host's own image model has added."""
    fields: Any = model._meta.get_fields()
    many = [one for one in fields if one.many_to_many and not one.auto_created]
    # A model form has no field for a relation with a custom through model.
    plain = [one for one in many if has_table_of_its_own(one)]
    return [field.name for field in [*_extra_fields(model), *plain] if field.editable]


def fieldsets_without(fieldsets: Any, names: Set[str]) -> Any:
    """``fieldsets`` without these fields, also where they share a line with others."""

    def kept(fields: Any) -> list[Any]:
        lines = [one if isinstance(one, str) else kept(one) for one in fields]
        return [one for one in lines if one and (not isinstance(one, str) or one not in names)]

    return [(title, {**options, "fields": kept(options["fields"])}) for title, options in fieldsets]


def _extra_fields(model: type[AbstractImage]) -> list[Any]:
    """The columns that a host's own image model has added."""
    known = {field.name for field in AbstractImage._meta.get_fields()}
    fields: Any = model._meta.get_fields()
    return [
        field
        for field in fields
        if field.concrete
        and not (field.many_to_many or field.primary_key or field.generated)
        and field.name not in known
    ]


def _own_columns(image: AbstractImage) -> list[str]:
    """The columns that users edit, without the focal point, and ``updated_at``."""
    extra = [field.name for field in _extra_fields(type(image))]
    return [*TEXT_FIELDS, "organization", "updated_at", *extra]
