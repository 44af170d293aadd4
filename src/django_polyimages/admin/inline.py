"""The images of an object in the admin of its model."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.admin import GenericInlineModelAdmin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from django_polyimages.accessors import get_image_model, get_relation_model
from django_polyimages.admin.formsets import (
    ImageFormSet,
    ImageRelationForm,
    Library,
    organization_or_none,
)


class ImageInline(GenericInlineModelAdmin):
    """The images of one object: drop files, pick from the library, arrange, choose the cover.

    ``inlines = [ImageInline]`` in the admin of any attachable model.
    """

    model = get_relation_model()
    form = ImageRelationForm
    formset = ImageFormSet
    template = "admin/polyimages/images_inline.html"
    raw_id_fields = ["image"]
    extra = 1
    verbose_name = _("image")
    verbose_name_plural = _("images")

    class Media:
        css = {"all": ["polyimages/upload.css", "polyimages/inline.css"]}
        js = ["polyimages/upload.js", "polyimages/inline.js", "polyimages/library.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("image")

    def get_formset(self, request: HttpRequest, obj: Model | None = None, **options: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **options)
        formset.request = request
        formset.can_upload = self._can_upload() and self.has_add_permission(request, obj)
        formset.library = self._library(request, obj)
        return formset

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelChoiceField | None:
        """Only images that the user may see in the library can be chosen."""
        if db_field.name == "image" and self.admin_site.is_registered(get_image_model()):
            library = self.admin_site.get_model_admin(get_image_model())
            options["queryset"] = library.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def _can_upload(self) -> bool:
        """Whether it can be told for which organization a file would be."""
        return bool(getattr(self.parent_model, "image_organization_path", None))

    def _library(self, request: HttpRequest, obj: Model | None) -> Library | None:
        """None where images are not registered with ``ImageAdmin``, or not for this user's eyes."""
        image_model = get_image_model()
        name = f"admin:{image_model._meta.app_label}_{image_model._meta.model_name}"
        try:
            url = reverse(f"{name}_library", current_app=self.admin_site.name)
        except NoReverseMatch:
            return None
        if not self.admin_site.get_model_admin(image_model).has_view_permission(request):
            return None
        organization = organization_or_none(obj) if obj else None
        path = getattr(self.parent_model, "image_organization_path", None) or ""
        is_field = path not in ("", "pk") and "__" not in path
        return Library(
            url=url,
            change_name=f"{name}_change",
            organization=str(organization.pk) if organization else "",
            organization_input=f"id_{path}" if is_field else "",
        )
