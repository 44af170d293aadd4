"""The same site after it changed to shops."""

from tests.hosts.late_organizations.settings_before import *  # noqa: F403

POLYIMAGES = {"ORGANIZATION_MODEL": "shops.Shop"}
