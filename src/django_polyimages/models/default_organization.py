"""The one organization of a project without organizations (``ORGANIZATION_MODEL`` is None)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

DEFAULT_SLUG = "default"
"""What URLs of the API contain in place of an organization's slug."""


class DefaultOrganizationManager(models.Manager["DefaultOrganization"]):
    """Finds the only row."""

    def get_default(self) -> DefaultOrganization:
        """The only row, which is inserted if it is missing, as after a flush of the database."""
        return self.get_or_create(slug=DEFAULT_SLUG)[0]


class DefaultOrganization(models.Model):
    """Owns all images if the host has no organizations. The table has one row, or none."""

    slug = models.SlugField(unique=True, default=DEFAULT_SLUG, editable=False)

    objects = DefaultOrganizationManager()

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return self.slug
