"""System checks of the admin of images, which Django runs with those of the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.checks import ModelAdminChecks
from django.core import checks
from django.core.checks import CheckMessage


class ImageAdminChecks(ModelAdminChecks):
    """Those of Django, and what is special about ``ImageAdmin``."""

    def check(self, admin_obj: Any, **options: Any) -> list[CheckMessage]:
        return [*super().check(admin_obj, **options), *_check_list_editable(admin_obj)]


def _check_list_editable(admin_obj: Any) -> list[CheckMessage]:
    """The page of an image does not let it move to another organization."""
    if "organization" not in admin_obj.list_editable:
        return []
    name = type(admin_obj).__name__
    return [
        checks.Warning(
            f"list_editable of {name} contains 'organization': in the list, images can be moved to "
            "another organization, and stay attached to objects of the former one.",
            hint="Take 'organization' out of list_editable.",
            obj=type(admin_obj),
            id="polyimages.W048",
        )
    ]
