from __future__ import annotations

import pytest

from django_polyimages.operations.storage_trial.cors import cors_rule, refusal_of
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


GOOD = {
    "access-control-allow-origin": "https://example.com",
    "access-control-allow-methods": "GET, PUT",
    "access-control-allow-headers": "Content-Type, If-None-Match",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"access-control-allow-origin": "*"}, ""),
        ({"access-control-allow-headers": "*"}, ""),
        ({"access-control-allow-origin": "https://other.example.com"}, "not allowed (HTTP 200)"),
        ({"access-control-allow-origin": ""}, "not allowed"),
        ({"access-control-allow-methods": "GET"}, "does not allow PUT"),
        ({"access-control-allow-headers": "x-type"}, "headers content-type, if-none-match"),
        ({"access-control-allow-headers": "content-type"}, "the headers if-none-match"),
    ],
)
def test_an_answer_is_read_as_browsers_do(changes, expected):
    wanted = ["content-type", "if-none-match"]
    refusal = refusal_of(200, GOOD | changes, "https://example.com", wanted)
    assert expected in refusal
    assert bool(refusal) == bool(expected)


def test_an_answer_that_is_an_error_allows_nothing():
    assert "HTTP 403" in refusal_of(403, GOOD, "https://example.com", [])
    assert refusal_of(204, GOOD, "https://example.com", []) == ""
