"""Policies: they decide who may do what. A host can write its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import Manager, Model
from django.utils.module_loading import import_string

from django_polyimages.accessors import get_organization_model
from django_polyimages.conf import get_settings
from django_polyimages.models.default_organization import DEFAULT_SLUG, DefaultOrganization
from django_polyimages.models.organizations import default_organization

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

__all__ = ["Action", "GroupPolicy", "OrganizationPolicy", "StaffPolicy", "get_policy"]

Action = Literal["view", "add", "change", "delete", "attach", "detach", "arrange"]
"""``view``, ``add``, ``change`` and ``delete`` are about images; ``attach``, ``detach`` and
``arrange`` (order, cover, texts) about the images of an object.
"""


class OrganizationPolicy:
    """Finds an organization and decides about its members.

    Subclass it and set ``POLYIMAGES["ORGANIZATION_POLICY"]`` to the path of the subclass. Each
    request gets a new instance, so a method may store results for the next method.
    """

    slug_field = "slug"
    """The field of the organization that URLs contain."""

    def get_organization(self, slug: str) -> Model | None:
        """The organization with this slug, or None.

        Without organizations of the host it is the default organization, with the slug "default".
        """
        if not get_settings().has_organizations:
            using = router.db_for_write(DefaultOrganization)
            return default_organization(using=using) if slug == DEFAULT_SLUG else None
        organizations = get_organization_model()._default_manager
        try:
            found = organizations.filter(**{self.slug_field: slug}).first()
        except (ValueError, ValidationError):  # an invalid value, such as "x" for a number
            return None
        # MySQL and MariaDB ignore case and find "ACME" for "acme".
        return found if found and str(getattr(found, self.slug_field)) == slug else None

    def is_member(self, user: AbstractUser, organization: Model) -> bool:
        """Whether ``user`` belongs to ``organization``. Other users may do nothing."""
        raise NotImplementedError

    def may(
        self, user: AbstractUser, action: Action, organization: Model, obj: Model | None = None
    ) -> bool:
        """Whether a member may do this.

        ``obj`` is the image to view, change or delete, or the object whose images are viewed,
        attached, detached or arranged. It is None for the list of all images and for an upload.
        Attaching an image asks for ``view`` of the image as well.
        """
        return True


class GroupPolicy(OrganizationPolicy):
    """Organizations are groups, URLs contain their names, and members may do everything."""

    slug_field = "name"

    def is_member(self, user: AbstractUser, organization: Model) -> bool:
        from django.contrib.auth.models import Group  # django.contrib.auth may not be installed

        if not isinstance(organization, Group) or getattr(user, "pk", None) is None:
            return False
        groups = getattr(user, "groups", None)  # a token's may be a list of names
        return isinstance(groups, Manager) and groups.contains(organization)


class StaffPolicy(OrganizationPolicy):
    """Staff may do everything, others nothing: the default of a project without organizations."""

    def is_member(self, user: AbstractUser, organization: Model) -> bool:
        return getattr(user, "is_staff", False) is True  # a token may say nothing of it


def get_policy() -> OrganizationPolicy:
    """A new instance of the configured policy."""
    return cast("OrganizationPolicy", import_string(get_settings().organization_policy)())
