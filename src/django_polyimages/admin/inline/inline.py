"""The inline that shows the images of an object in the admin of its model."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth import get_permission_codename
from django.contrib.contenttypes.admin import GenericInlineModelAdmin
from django.db.models import Field, Model, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from django_polyimages.accessors import get_image_model, get_relation_model
from django_polyimages.admin.inline.checks import InlineChecks
from django_polyimages.admin.inline.formsets import ImageFormSet
from django_polyimages.admin.inline.picker import Library
from django_polyimages.admin.inline.relation_forms import ImageRelationForm
from django_polyimages.forms import SENDING
from django_polyimages.models.organizations import has_one_organization, organization_keys, path_of


class ImageInline(GenericInlineModelAdmin):
    """The images of one object: drop files, pick from the library, reorder, choose the cover.

    Use it as ``inlines = [ImageInline]`` in the admin of any attachable model.
    """

    model = get_relation_model()
    form = ImageRelationForm
    formset = ImageFormSet
    template = "admin/polyimages/images_inline.html"
    extra = 1
    per_page = 50
    """Images on one page. Each has about seven fields of ``DATA_UPLOAD_MAX_NUMBER_FIELDS``."""
    verbose_name = _("image")
    verbose_name_plural = _("images")

    checks_class = InlineChecks

    class Media:
        css = {"all": ["polyimages/upload.css", "polyimages/inline.css"]}
        js = [
            *SENDING,
            Script("polyimages/upload.js", defer=True),
            Script("polyimages/inline-files.js", defer=True),
            Script("polyimages/inline.js", defer=True),
            Script("polyimages/dragging.js", defer=True),
            Script("polyimages/saving.js", defer=True),
            Script("polyimages/library.js", defer=True),
            Script("polyimages/pending.js", defer=True),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        relations = super().get_queryset(request).select_related("image")
        return relations if self._may_view_relations(request) else relations.none()

    def has_view_or_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Always true, so that Django includes the inline: without it, users who may not view
        relations could move an object to another organization, and its images would stay attached.
        The formset shows them nothing.
        """
        return True

    def _may_view_relations(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_view_or_change_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Model | None = None, **options: Any) -> Any:
        if "fields" not in options:
            options["fields"] = self._form_fields(request, obj)
        formset: Any = super().get_formset(request, obj, **options)
        formset.request = request
        formset.inline = self
        formset.read_only = self.get_readonly_fields(request, obj)
        formset.can_add = self.has_add_permission(request, obj)
        formset.can_change = self.has_change_permission(request, obj)
        formset.can_view = self._may_view_relations(request, obj)
        formset.is_shown = (
            formset.can_view or formset.can_add or self.has_delete_permission(request, obj)
        )
        formset.per_page = self.per_page
        formset.most = self.get_max_num(request, obj) if formset.can_add else None
        formset.can_upload = (
            formset.can_add
            and "upload" not in (self.exclude or ())
            and has_one_organization(self.parent_model)
            and self._may(request, "add", obj)
        )
        formset.uploads_url = self._library_url("uploads") if formset.can_upload else ""
        formset.can_pick = formset.can_add and "image" in formset.form.base_fields
        formset.library = self._library(request, obj)
        return formset

    def _form_fields(self, request: HttpRequest, obj: Model | None) -> list[Any]:
        """The fields of a card. A new one is nothing without its image, even if ``fields`` names
        only others; ``exclude`` takes it away.
        """
        names = flatten_fieldsets(self.get_fieldsets(request, obj))
        return names if "image" in names else [*names, "image"]

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **options: Any
    ) -> Any:
        """A plain input for the id of an image that the user can see in the library."""
        if db_field.name != "image":
            return super().formfield_for_dbfield(db_field, request, **options)
        field: Any = db_field
        images = self._library_images(request)
        return field.formfield(queryset=images, widget=forms.TextInput(attrs={"size": 12}))

    def _library_images(self, request: HttpRequest) -> QuerySet[Any]:
        model = get_image_model()
        images: QuerySet[Any] = model._default_manager.all()
        if self.admin_site.is_registered(model):
            images = self.admin_site.get_model_admin(model).get_queryset(request)
        return images if self._may(request, "view") else images.none()

    def _may(self, request: HttpRequest, action: str, obj: Model | None = None) -> bool:
        """Whether the user may ``view`` or ``add`` images in general."""
        opts = get_image_model()._meta
        if self.admin_site.is_registered(get_image_model()):
            library = self.admin_site.get_model_admin(get_image_model())
            return bool(getattr(library, f"has_{action}_permission")(request))
        user: Any = request.user
        return bool(user.has_perm(f"{opts.app_label}.{get_permission_codename(action, opts)}"))

    def _library(self, request: HttpRequest, obj: Model | None) -> Library | None:
        """None if ``ImageAdmin`` is not registered, or if the user may not view images."""
        url = self._library_url("library")
        if not url or not self._may(request, "view"):
            return None
        path = path_of(self.parent_model)
        keys = organization_keys(obj) if obj and path else set()
        is_field = path and path != "pk" and "__" not in path
        return Library(
            url=url,
            pending_url=self._library_url("pending"),
            change_name=f"{self._library_name}_change",
            organization=str(keys.pop()) if len(keys) == 1 else "",
            organization_input=f"id_{path}" if is_field else "",
        )

    @property
    def _library_name(self) -> str:
        opts = get_image_model()._meta
        return f"admin:{opts.app_label}_{opts.model_name}"

    def _library_url(self, name: str) -> str:
        """The URL of a view of ``ImageAdmin``; empty if that is not registered."""
        try:
            return reverse(f"{self._library_name}_{name}", current_app=self.admin_site.name)
        except NoReverseMatch:
            return ""
