"""The library as a place to pick images from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Where the script of the inline finds the images that can be picked."""

    url: str
    pending_url: str
    """Where the script asks whether pending images are ready."""
    change_name: str
    """The name of the URL of the admin page of an image."""
    organization: str
    """The primary key of the object's organization; empty while it is unknown."""
    organization_input: str
    """The HTML id of the input that selects the organization; empty if there is none."""
