"""System checks of the inline, which Django runs with those of the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.admin import GenericInlineModelAdminChecks
from django.core import checks
from django.core.checks import CheckMessage

from django_polyimages.admin.inline.formsets import ImageFormSet
from django_polyimages.admin.inline.relation_forms import ImageRelationForm
from django_polyimages.models.organizations import path_of


class InlineChecks(GenericInlineModelAdminChecks):
    """Those of Django, and what is special about ``ImageInline``."""

    def check(self, inline: Any, **options: Any) -> list[CheckMessage]:  # type: ignore[override]
        found = super().check(inline, **options)
        return [
            *found,
            *_check_bases(inline),
            *_check_list_editable(inline),
        ]


def _check_bases(inline: Any) -> list[CheckMessage]:
    return [
        checks.Error(
            f"The {name} of {type(inline).__name__} does not inherit {base.__name__}.",
            hint=f"Derive it from {base.__module__}.{base.__name__}.",
            obj=type(inline),
            id="polyimages.E039",
        )
        for name, base in {"form": ImageRelationForm, "formset": ImageFormSet}.items()
        if not issubclass(getattr(inline, name), base)
    ]


def _check_list_editable(inline: Any) -> list[CheckMessage]:
    """The page of an object does not let it move to another organization with its images."""
    model, site = inline.parent_model, inline.admin_site
    first = (path_of(model) or "").partition("__")[0]
    if not site.is_registered(model):
        return []
    admin = site.get_model_admin(model)
    if first not in admin.list_editable:
        return []
    return [
        checks.Warning(
            f"list_editable of {type(admin).__name__} contains {first!r}: objects can "
            "be moved to another organization, and images of the former one stay attached.",
            hint=f"Take {first!r} out of list_editable, so that it is changed on an object's page, "
            "which checks its images.",
            obj=type(admin),
            id="polyimages.W036",
        )
    ]
