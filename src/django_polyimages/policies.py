"""Who may do what: the one place that a host changes to say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.module_loading import import_string

from django_polyimages.accessors import get_organization_model
from django_polyimages.conf import get_settings

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

__all__ = ["Action", "GroupPolicy", "OrganizationPolicy", "get_policy"]

Action = Literal["view", "add", "change", "delete", "attach", "detach", "arrange"]
"""``view``, ``add``, ``change`` and ``delete`` images; ``attach`` them to an object, ``detach``
them from it, and ``arrange`` them there (order, cover, texts).
"""


class OrganizationPolicy:
    """Finds an organization and decides about its members.

    Subclass it and name the subclass in ``POLYIMAGES["ORGANIZATION_POLICY"]``. There is a new
    instance for each request, so a method may keep what it found for the next one.
    """

    slug_field = "slug"
    """The field of the organization that stands in URLs."""

    def get_organization(self, slug: str) -> Model | None:
        """The organization called ``slug``, or None."""
        organizations = get_organization_model()._default_manager
        try:
            found = organizations.filter(**{self.slug_field: slug}).first()
        except (ValueError, ValidationError):  # no value of this field, as "x" for a number
            return None
        # MySQL and MariaDB also find "ACME" for "acme".
        return found if found and str(getattr(found, self.slug_field)) == slug else None

    def is_member(self, user: AbstractUser, organization: Model) -> bool:
        """Whether ``user`` belongs to ``organization``; others are refused everything."""
        raise NotImplementedError

    def may(
        self, user: AbstractUser, action: Action, organization: Model, obj: Model | None = None
    ) -> bool:
        """Whether a member may do this.

        ``obj`` is the image to view, change or delete, or the object whose images to view, attach,
        detach or arrange; None for the list of all images and for an upload.
        """
        return True


class GroupPolicy(OrganizationPolicy):
    """Organizations are ``auth.Group``, called by their names; every member may do everything."""

    slug_field = "name"

    def is_member(self, user: AbstractUser, organization: Model) -> bool:
        from django.contrib.auth.models import Group  # a host need not have installed it

        return isinstance(organization, Group) and user.groups.contains(organization)


def get_policy() -> OrganizationPolicy:
    """A new instance of the policy in force."""
    return cast("OrganizationPolicy", import_string(get_settings().organization_policy)())
