"""URLs that are signed as the role of a machine, whose keys boto3 renews before they expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import RefreshableCredentials
from storages.backends.s3 import S3Storage

from django_polyimages.storage import signing
from django_polyimages.storage.signing import expiry_of, url_of
from tests.storage.test_signing import moment_of, s3

NAME = "images/x.webp"
MIDNIGHT = datetime(2027, 1, 15, tzinfo=UTC)
"""When a window begins, so that none ends during a test."""


class Role:
    """Gives new keys that expire in ten hours, on a clock of its own, whenever it is asked."""

    def __init__(self, start: datetime) -> None:
        self.time = start
        self.given = 0
        keys = self.give()
        self.credentials = RefreshableCredentials(
            keys["access_key"],
            keys["secret_key"],
            keys["token"],
            self.expiry,
            refresh_using=self.give,
            method="test",
            time_fetcher=lambda: self.time,
        )

    def give(self) -> dict[str, str]:
        self.given += 1
        self.expiry = self.time + timedelta(hours=10)
        return {
            "access_key": f"ASIA{self.given}",
            "secret_key": f"secret{self.given}",
            "token": f"token+{self.given}/=",
            "expiry_time": self.expiry.isoformat(),
        }


def storage_of(role: Role) -> S3Storage:
    backend = s3(region="eu-central-1", querystring_expire=3600)
    backend.connection.meta.client._request_signer._credentials = role.credentials
    return backend


@pytest.fixture
def role(monkeypatch) -> Role:
    """With the time of the package."""
    role = Role(MIDNIGHT)
    monkeypatch.setattr(signing.time, "time", lambda: role.time.timestamp())
    return role


def test_a_url_is_that_of_boto3_also_after_they_are_renewed(monkeypatch):
    role = Role(datetime.now(UTC))
    backend = storage_of(role)
    for key, token in (("ASIA1", "token%2B1%2F%3D"), ("ASIA2", "token%2B2%2F%3D")):
        expected = backend.url(NAME)
        assert f"X-Amz-Credential={key}%2F" in expected
        assert f"&X-Amz-Security-Token={token}&X-Amz-Signature=" in expected
        with monkeypatch.context() as patched:
            for second in (moment_of(expected) - 1, moment_of(expected)):  # asked in each anew
                patched.setattr(signing.time, "time", lambda second=second: float(second))
                own = url_of(backend, NAME)
        assert own == expected
        role.time += timedelta(hours=10)


def test_they_are_renewed_for_a_url_of_the_package(role):
    backend = storage_of(role)
    assert "Credential=ASIA1%2F" in url_of(backend, NAME)
    role.time += timedelta(hours=9, minutes=50)
    assert "Credential=ASIA2%2F" in url_of(backend, NAME)


@pytest.mark.parametrize("window", [None, 3600, 86_400])
def test_no_url_claims_to_be_valid_longer_than_they_are(role, settings, window):
    settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": window}
    backend = storage_of(role)
    role.time += timedelta(hours=9, minutes=30)
    first = url_of(backend, NAME)
    assert expiry_of(first) == role.expiry
    role.time += timedelta(minutes=2)
    second = url_of(backend, NAME)
    assert expiry_of(second) == role.expiry
    assert (second == first) is bool(window)


def test_what_lasts_longer_than_the_url_changes_nothing(role):
    assert expiry_of(url_of(storage_of(role), NAME)) == MIDNIGHT + timedelta(hours=1)


def test_the_window_and_the_time_after_it_end_with_them(role, settings):
    """A day and an hour were promised, but a new key signs the next URL."""
    settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 86_400}
    backend = storage_of(role)
    first = url_of(backend, NAME)
    role.time += timedelta(hours=9, minutes=50)
    assert expiry_of(first) == MIDNIGHT + timedelta(hours=10)
    assert expiry_of(url_of(backend, NAME)) == MIDNIGHT + timedelta(hours=19, minutes=50)
