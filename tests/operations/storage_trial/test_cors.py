from __future__ import annotations

from django_polyimages.operations.storage_trial import cors_rule
from django_polyimages.storage.providers import PROVIDERS


def test_it_allows_one_site_to_upload_and_nothing_else():
    [rule] = cors_rule(PROVIDERS["r2"], "https://example.com")
    assert rule["AllowedOrigins"] == ["https://example.com"]
    assert rule["AllowedMethods"] == ["PUT"]
    assert {"content-type", "if-none-match"} <= set(rule["AllowedHeaders"])


def test_google_has_names_of_its_own():
    [rule] = cors_rule(PROVIDERS["gcs"], "https://example.com")
    assert set(rule) == {"origin", "method", "responseHeader", "maxAgeSeconds"}
    assert rule["origin"] == ["https://example.com"]
