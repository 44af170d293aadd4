from __future__ import annotations

import socket

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from django_polyimages.checks import storage
from django_polyimages.storage.s3 import s3_storage

R2 = "https://account.r2.cloudflarestorage.com"
OWN = "https://s3.example.com"
QUICK = {"read_timeout": 10, "retries": {"total_max_attempts": 1}}
LAX = Config(signature_version="s3v4", **QUICK)


def strict(**options) -> Config:
    return Config(request_checksum_calculation="when_required", **QUICK | options)


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch, tmp_path):
    """No requests, and no AWS variables or files of the machine."""

    def refuse(*args):
        raise AssertionError("a check must not send a request")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("AWS_PROFILE", "AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture
def complaints(settings):
    """The complaints about a storage of ``s3_storage`` with these options changed."""

    def found(**options) -> dict[str, str]:
        entry = s3_storage("pictures")
        entry["OPTIONS"] |= options
        settings.STORAGES = settings.STORAGES | {"polyimages": entry}
        return {
            one.id.removeprefix("polyimages."): f"{one.msg} {one.hint}"
            for one in storage.check_storage()
        }

    return found


@pytest.mark.parametrize("endpoint", [None, R2, OWN, "http://127.0.0.1:9000"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"public_url": "https://images.example.com"},
        {"signed_urls": False},
        {
            "addressing_style": "virtual",
            "signature_version": "s3v4",
            "proxies": {"https": "proxy:1"},
        },
        {"client_config": Config(connect_timeout=1)},
    ],
)
def test_what_the_function_makes_passes(settings, endpoint, options):
    entry = s3_storage("pictures", endpoint_url=endpoint, **options)
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    assert storage.check_storage() == []


def test_the_hint_is_a_call_of_the_function(complaints):
    assert "Write STORAGES['polyimages'] = s3_storage(" in complaints(file_overwrite=False)["W011"]


def test_aws_itself_needs_no_more_than_a_bucket_and_one_put_a_file(settings, complaints):
    settings.STORAGES = settings.STORAGES | {
        "polyimages": {
            "BACKEND": "storages.backends.s3boto3.S3Boto3Storage",
            "OPTIONS": {"bucket_name": "x"},
        }
    }
    assert {one.id for one in storage.check_storage()} == {"polyimages.W014", "polyimages.W051"}


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({"retries": {"mode": "legacy"}}, 300),
        ({"retries": {"mode": "standard"}}, 180),
        ({"retries": {"max_attempts": 2}}, 180),
        ({"retries": {"max_attempts": 0}}, None),
        ({"retries": {"total_max_attempts": 2}}, 120),
        ({"retries": {"total_max_attempts": 1}}, None),
        ({"read_timeout": 21, "connect_timeout": 5, "retries": {"mode": "standard"}}, 63),
        ({"read_timeout": 20, "connect_timeout": 5, "retries": {"mode": "standard"}}, None),
        ({"read_timeout": 5, "retries": {"mode": "standard"}}, 180),
    ],
)
def test_a_request_that_lasts_much_longer_than_it_is_waited_for(complaints, options, seconds):
    config = Config(request_checksum_calculation="when_required", **options)
    found = complaints(client_config=config)
    assert list(found) == (["W051"] if seconds else [])
    assert not seconds or f"lasts {seconds} seconds" in found["W051"]


def test_the_attempts_may_come_from_the_environment(complaints, monkeypatch, settings):
    config = Config(request_checksum_calculation="when_required")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    assert "lasts 120 seconds (2 attempts of 60)" in complaints(client_config=config)["W051"]
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert complaints(client_config=config) == {}


def test_the_defaults_of_django_storages_last_too_long(complaints):
    config = Config(request_checksum_calculation="when_required")
    assert list(complaints(client_config=config)) == ["W051"]


def test_a_longer_timeout_allows_longer_requests(complaints, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": 100}
    config = Config(request_checksum_calculation="when_required")
    assert complaints(client_config=config) == {}


@pytest.mark.parametrize(
    ("options", "expected", "part"),
    [
        ({"bucket_name": None}, "E019", "bucket_name is empty"),
        ({"file_overwrite": False}, "W011", "a HEAD before each PUT"),
        ({"default_acl": "public-read"}, "W012", "default_acl is 'public-read'"),
        ({"addressing_style": "virtual"}, "W015", "addressing_style is 'virtual'"),
        ({"signature_version": "s3"}, "W015", "signature_version is 's3'"),
        ({"proxies": {"https": "proxy:1"}}, "W015", "proxies is {'https': 'proxy:1'}"),
        ({"querystring_expire": 604_801}, "E022", "604801 seconds, but S3 allows 604800"),
    ],
)
def test_an_option_that_fails_or_costs_is_named(complaints, options, expected, part):
    found = complaints(**options)
    assert list(found) == [expected]
    assert part in found[expected]


def test_the_window_of_urls_counts_for_their_time(complaints, settings):
    keys = {"access_key": "key", "secret_key": "secret", "region_name": "eu-central-1"}
    settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
    assert complaints(querystring_expire=601_200, **keys) == {}
    found = complaints(querystring_expire=601_201, **keys)
    assert "601201 seconds and URL_WINDOW adds 3600" in found["E022"]


def test_a_window_without_effect_is_named(complaints, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
    assert list(complaints(client_config=strict())) == ["W033"]  # version 2, in most regions
    keys = {"access_key": "key", "secret_key": "secret", "region_name": "us-east-1"}
    assert list(complaints(client_config=strict(), **keys)) == ["W033"]
    assert complaints(client_config=strict(), **keys | {"region_name": "eu-central-1"}) == {}
    assert complaints() == {}  # version 4, with credentials of the machine
    assert complaints(querystring_auth=False) == {}


@pytest.mark.parametrize(
    "options",
    [
        {"addressing_style": "path", "signature_version": "s3v4"},
        {"querystring_expire": 604_800},
        {"querystring_expire": 10**7, "custom_domain": "images.example.com"},
        {"querystring_expire": 10**7, "querystring_auth": False},
        {"querystring_expire": 10**7, "client_config": strict()},  # no limit in version 2
    ],
)
def test_options_that_are_true_or_not_used_are_fine(complaints, options):
    assert complaints(**options) == {}


def test_the_aws_settings_of_a_site_count_too(complaints, settings):
    settings.AWS_S3_FILE_OVERWRITE = False
    entry = s3_storage("pictures")
    del entry["OPTIONS"]["file_overwrite"]
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    assert [one.id for one in storage.check_storage()] == ["polyimages.W011"]


@pytest.mark.parametrize(
    ("threshold", "found"), [(20_971_520, ["W014"]), (20_971_521, []), (8_388_608, ["W014"])]
)
def test_the_largest_original_is_one_put(complaints, threshold, found):
    config = TransferConfig(multipart_threshold=threshold)
    messages = complaints(transfer_config=config)
    assert list(messages) == found
    assert all("MAX_BYTES is 20971520" in one for one in messages.values())


@pytest.mark.parametrize(
    ("endpoint", "found"),
    [
        (OWN, ["W013"]),
        ("http://s3.example.com", []),
        ("https://s3.eu-central-1.amazonaws.com", []),
        (None, []),
    ],
)
def test_checksums_in_a_trailer_are_for_aws_alone(complaints, endpoint, found):
    messages = complaints(endpoint_url=endpoint, client_config=LAX)
    assert list(messages) == found
    assert all("when_required" in one for one in messages.values())


def test_the_environment_may_say_so(complaints, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", OWN)
    assert list(complaints(client_config=LAX)) == ["W013"]
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    assert complaints(client_config=LAX) == {}


def test_an_older_boto3_sends_no_such_checksums(complaints):
    older = Config(signature_version="s3v4", **QUICK)
    del older.request_checksum_calculation
    assert complaints(endpoint_url=OWN, client_config=older) == {}


def test_a_profile_may_say_so(complaints, tmp_path):
    options = {"endpoint_url": OWN, "client_config": LAX, "session_profile": "site"}
    assert list(complaints(**options)) == ["W013"]  # there is no such profile on this machine
    (tmp_path / "config").write_text("[profile site]\nrequest_checksum_calculation=when_required")
    assert complaints(**options) == {}


@pytest.mark.parametrize(
    ("config", "options", "found"),
    [
        (strict(), {}, ["E020"]),
        (strict(), {"region_name": None}, ["E020"]),
        (strict(signature_version="s3"), {"region_name": "auto"}, ["E020"]),
        (strict(), {"region_name": "auto"}, []),
        (strict(), {"custom_domain": "images.example.com"}, []),
        (strict(signature_version="s3v4"), {"region_name": "eu-central-1"}, ["E021"]),
        (strict(signature_version="s3v4"), {"region_name": "WEUR"}, []),
    ],
)
def test_what_r2_refuses_is_an_error(complaints, config, options, found):
    assert list(complaints(endpoint_url=R2, client_config=config, **options)) == found
    assert complaints(endpoint_url=OWN, client_config=config, **options) == {}


@pytest.mark.parametrize("region", ["us-east-1", "auto", "weur"])
@pytest.mark.parametrize("version", [None, "s3", "s3v4"])
def test_urls_are_signed_as_the_check_believes(complaints, settings, region, version):
    found = complaints(
        endpoint_url=R2,
        region_name=region,
        access_key="key",
        secret_key="secret",
        client_config=strict(signature_version=version),
    )
    url = storage.storages["polyimages"].url("x")
    assert ("E020" in found) == ("X-Amz-Signature=" not in url)
