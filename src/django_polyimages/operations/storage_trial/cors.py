"""The CORS rule that lets a page of a site upload to the bucket."""

from __future__ import annotations

from typing import Any, Final

from django_polyimages.storage.providers import Provider

HEADERS: Final = ("content-type", "content-disposition", "if-none-match", "x-amz-checksum-sha256")
"""What an upload may send beyond what browsers always may."""
_AN_HOUR: Final = 3600


def cors_rule(provider: Provider, origin: str) -> list[dict[str, Any]]:
    """The rule as the provider's page or tool takes it; JSON says it.

    AWS, R2 and most others take the same; ``put-bucket-cors`` of AWS's command line wants it in
    ``{"CORSRules": ...}``. Google has names of its own.
    """
    if provider.name == "gcs":
        return [
            {
                "origin": [origin],
                "method": ["PUT"],
                "responseHeader": list(HEADERS),
                "maxAgeSeconds": _AN_HOUR,
            }
        ]
    return [
        {
            "AllowedOrigins": [origin],
            "AllowedMethods": ["PUT"],
            "AllowedHeaders": list(HEADERS),
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": _AN_HOUR,
        }
    ]
