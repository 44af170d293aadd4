"""The CORS rule that lets a page of a site upload to the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def refusal_of(status: int, headers: Mapping[str, str], origin: str, wanted: Iterable[str]) -> str:
    """Why a browser would not upload after this answer to its question; empty if it would.

    The ``headers`` of the answer are in lower case, as are the ``wanted`` ones of the upload.
    """
    allowed = {
        name: [one.strip() for one in headers.get(f"access-control-allow-{name}", "").split(",")]
        for name in ("origin", "methods", "headers")
    }
    if status not in (200, 204) or allowed["origin"] not in (["*"], [origin]):
        return f"uploads from there are not allowed (HTTP {status})"
    if not {"PUT", "*"} & set(allowed["methods"]):
        return "the rule does not allow PUT"
    names = {name.lower() for name in allowed["headers"]}
    missing = [] if "*" in names else [name for name in wanted if name not in names]
    return f"the rule does not allow the headers {', '.join(missing)}" if missing else ""
