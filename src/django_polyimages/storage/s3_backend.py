"""The storage that ``s3_storage()`` names: that of django-storages, which has to be installed."""

from __future__ import annotations

from typing import Any

from storages.backends.s3 import S3Storage

from django_polyimages.storage.keys import is_original


class S3ImageStorage(S3Storage):  # type: ignore[misc]
    """Lets browsers download originals, and never open one as a page."""

    def get_default_settings(self) -> dict[str, Any]:
        """The options of django-storages, and ``provider``."""
        return {"provider": None, **super().get_default_settings()}

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """The headers of an object; ``object_parameters`` of the options come first."""
        parameters: dict[str, Any] = super().get_object_parameters(name)
        if is_original(name):
            parameters.setdefault("ContentDisposition", "attachment")
        return parameters
