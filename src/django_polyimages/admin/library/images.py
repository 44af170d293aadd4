"""The admin of the image model, called the library."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import QuerySet
from django.forms import NumberInput
from django.forms.widgets import Script
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from django_polyimages.admin.library import details
from django_polyimages.admin.library.changelist import ImageChangeList
from django_polyimages.admin.library.checks import ImageAdminChecks
from django_polyimages.admin.library.chooser import ImageLibrary
from django_polyimages.admin.library.columns import (
    AlternativeTextFilter,
    MediaTypeFilter,
    UploadDateFilter,
    UseFilter,
)
from django_polyimages.admin.library.mass_deletion import ImageDeletions
from django_polyimages.admin.library.organizations import OrganizationChoice, OrganizationFilter
from django_polyimages.admin.library.originals import ImageOriginals
from django_polyimages.admin.library.paging import BoundedPaginator
from django_polyimages.admin.library.pending import PendingImages
from django_polyimages.admin.library.regeneration import ImageRegeneration
from django_polyimages.admin.library.saving import (
    FOCAL_POINT,
    ImageSaving,
    extra_field_names,
    fieldsets_without,
)
from django_polyimages.admin.library.uploads import ImageUploads
from django_polyimages.admin.library.usage import uses_of
from django_polyimages.forms import SENDING
from django_polyimages.models import AbstractImage
from django_polyimages.models.images import TEXT_FIELDS
from django_polyimages.models.usage import count_uses


class ImageAdmin(
    PendingImages,
    ImageUploads,
    ImageSaving,
    ImageRegeneration,
    ImageDeletions,
    ImageOriginals,
    ImageLibrary,
    OrganizationChoice,
):
    """The library: upload, view, edit and delete the images of all organizations.

    You may subclass it, for example to limit ``get_queryset()``. The forms automatically include
    the additional fields of your own image model.
    """

    checks_class = ImageAdminChecks
    actions = ["regenerate_versions", "delete_selected"]
    change_list_template = "admin/polyimages/image/change_list.html"
    change_form_template = "admin/polyimages/image/change_form.html"
    list_display = [
        "thumbnail",
        "name",
        "organization",
        "size",
        "state",
        "uses",
        "created",
    ]
    list_display_links = ["thumbnail", "name"]
    list_filter = [
        "status",
        UseFilter,
        AlternativeTextFilter,
        ("created_at", UploadDateFilter),
        MediaTypeFilter,
        ("organization", OrganizationFilter),
    ]
    list_select_related = ["organization"]
    search_fields = TEXT_FIELDS
    # Not search_help_text, which the accessibility checker axe takes for the only label.
    search_hint = _("Searches titles, alternative texts and descriptions.")
    ordering = ["-created_at"]
    paginator = BoundedPaginator
    show_full_result_count = False

    class Media:
        css = {"all": ["polyimages/admin.css"]}
        js = [
            Script("polyimages/focal-point.js", defer=True),
            Script("polyimages/regenerate.js", defer=True),
            *SENDING,
            Script("polyimages/upload.js", defer=True),
            Script("polyimages/library-uploads.js", defer=True),
            Script("polyimages/pending.js", defer=True),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return count_uses(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        found = super().get_changelist(request, **kwargs)
        return ImageChangeList if found is ChangeList else found

    def get_urls(self) -> list[URLPattern]:
        named = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("library/", wrap(self.library_view), name=f"{named}_library"),
            path("pending/", wrap(self.pending_view), name=f"{named}_pending"),
            *self.upload_urls,
            path(
                "<path:object_id>/regenerate/",
                wrap(self.regenerate_view),
                name=f"{named}_regenerate",
            ),
            path("<path:object_id>/original/", wrap(self.original_view), name=f"{named}_original"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """``fields`` and ``fieldsets`` are for both forms; each omits what only the other has."""
        has_own = self.fieldsets or self.fields
        given = super().get_fieldsets(request, obj) if has_own else self._usual_fieldsets(obj)
        hidden = set(self.get_exclude(request, obj) or ()) - set(self.readonly_fields)
        if obj is not None:
            return fieldsets_without(given, {*hidden, "upload"})
        shown = fieldsets_without(given, {*hidden, *FOCAL_POINT, "picture"} - {"upload"})
        if "upload" in flatten_fieldsets(shown):
            return shown
        return [(None, {"fields": ["upload"]}), *shown]  # nothing can be added without a file

    def _usual_fieldsets(self, obj: Any) -> Any:
        extra = extra_field_names(self.model)
        own = [name for name in self.readonly_fields if name not in extra]
        texts = [*TEXT_FIELDS, *self.fields_of_organization]
        if obj is None:
            return [(None, {"fields": ["upload", *texts, *extra]})]
        return [(None, {"fields": ["picture", FOCAL_POINT, *texts, *extra, *own]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None else [*readonly, "picture", *self.fields_of_organization]

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in FOCAL_POINT:
            # The form checks this as well: a focal point is always within the picture.
            kwargs |= {"min_value": 0, "max_value": 1, "widget": NumberInput({"step": "any"})}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("picture"))
    def picture(self, image: AbstractImage) -> str:
        """The whole picture with its focal point, and how it is cropped for versions that fill."""
        x, y = details.point_as_percent(image)
        original = self.url_of_original(image)
        context = {
            "image": image,
            "picture": self.awaiting(image, "picture", details.shown_picture(image, original)),
            "pending_url": self.pending_url,
            "url": details.shown_url(image) or original,
            "x": x,
            "y": y,
            "crops": details.crops(image),
        }
        return render_to_string("admin/polyimages/image/picture.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        image = context.get("original")
        if image is not None:
            context |= {
                "uses": uses_of([image], request, self.admin_site)[image.pk],
                "original_url": self.url_of_original(image),
                "version_rows": details.version_rows(image),
                "pixels": self.pixels(image),
                "state": self.state(image),
                "pending_url": self.pending_url,
                "regenerate_url": self._address("regenerate", image.pk),
            }
        return super().render_change_form(request, context, *args, **kwargs)
