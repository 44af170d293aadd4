"""How an organization is chosen in the form and in the filter: from a list if there are few, else
by a search, or by its primary key where the admin of organizations has no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.widgets import AutocompleteSelect, ForeignKeyRawIdWidget
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString

from django_polyimages.accessors import get_organization_model
from django_polyimages.conf import get_settings
from django_polyimages.models.counting import count_up_to
from django_polyimages.models.joins.metadata import remote_field_of
from django_polyimages.models.primary_keys import canonical_key

MOST_LISTED = 50
"""A list of ten thousand made a page of 767 kB."""


class OrganizationFilter(admin.RelatedFieldListFilter):
    """Django's filter; with a search instead of the list if there are many organizations."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[models.Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        self.is_long = are_many()
        super().__init__(field, request, params, model, model_admin, field_path)
        if not self.is_long:
            return
        self.template = "admin/polyimages/image/organization_filter.html"
        self.widget = _widget(field, request, model_admin.admin_site)
        left_out = {self.lookup_kwarg, self.lookup_kwarg_isnull, "p", "e"}
        self.other_parameters = [
            (name, value)
            for name, values in request.GET.lists()
            for value in values
            if name not in left_out
        ]

    def has_output(self) -> bool:
        return self.is_long or super().has_output()

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Only those that the form offers: a host may limit them to those of the user."""
        if self.is_long:
            return []
        choosable = model_admin.formfield_for_foreignkey(field, request).queryset
        keys = {str(row.pk) for row in choosable}
        every = super().field_choices(field, request, model_admin)
        return [(key, name) for key, name in every if str(key) in keys]

    def get_facet_counts(self, pk_attname: str, filtered_qs: Any) -> dict[str, Any]:
        return {} if self.is_long else super().get_facet_counts(pk_attname, filtered_qs)

    def control(self) -> SafeString:
        """The form control with which an organization is chosen."""
        value = self.lookup_val[-1] if self.lookup_val else ""
        attrs = {"id": "polyimages-organization", "aria-label": str(self.title).capitalize()}
        control: SafeString = self.widget.render(self.lookup_kwarg, value, attrs)
        return control


class OrganizationChoice(admin.ModelAdmin):
    """The form's field for the organization; nothing of it if the host has no organizations."""

    def get_list_display(self, request: HttpRequest) -> Any:
        return _only_if_there_are_any(super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> Any:
        return _only_if_there_are_any(super().get_list_filter(request))

    @property
    def fields_of_organization(self) -> list[str]:
        """The field of the form, if there is one."""
        return ["organization"] if get_settings().has_organizations else []

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        fields = super().get_autocomplete_fields(request)
        is_searched = are_many() and _searchable_admin(request, self.admin_site)
        return [*fields, "organization"] if is_searched else fields

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "organization" and "widget" not in kwargs and are_many():
            kwargs["widget"] = (
                OrganizationSelect(db_field, self.admin_site)
                if _searchable_admin(request, self.admin_site)
                else ForeignKeyRawIdWidget(remote_field_of(db_field), self.admin_site)
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @property
    def media(self) -> forms.Media:
        """With what the filter needs for its search."""
        field: Any = self.opts.get_field("organization")
        media: forms.Media = super().media + AutocompleteSelect(field, self.admin_site).media
        return media


class OrganizationSelect(AutocompleteSelect):
    """Django's widget fails on what was sent if it is no key."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        model = get_organization_model()
        keys = [text for text in value if canonical_key(model, text) is not None]
        return super().optgroups(name, keys, attrs)


def _only_if_there_are_any(columns: Sequence[Any]) -> list[Any]:
    """The columns or filters, without those of organizations if the host has none."""
    if get_settings().has_organizations:
        return list(columns)
    return [one for one in columns if (one[0] if isinstance(one, tuple) else one) != "organization"]


def are_many() -> bool:
    """Whether there are too many organizations to list all."""
    return count_up_to(MOST_LISTED, get_organization_model()._base_manager.all()) is None


def _searchable_admin(request: HttpRequest, site: AdminSite) -> Any:
    """The admin of organizations, if the user may search there."""
    model = get_organization_model()
    if not site.is_registered(model):
        return None
    found = site.get_model_admin(model)
    may_search = found.get_search_fields(request) and found.has_view_permission(request)
    return found if may_search else None


def _widget(field: Any, request: HttpRequest, site: AdminSite) -> Any:
    if organizations := _searchable_admin(request, site):
        rows = organizations.get_queryset(request)
        widget = OrganizationSelect(field, site)
        return forms.ModelChoiceField(rows, widget=widget, required=False).widget
    return forms.TextInput({"class": "vForeignKeyRawIdAdminField", "placeholder": "ID"})
