"""Which server an address belongs to, and what the package takes it to be able to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, storages
from storages.backends.s3 import S3Storage

from django_polyimages.storage.providers import OTHER, PROVIDERS, provider_at
from django_polyimages.storage.s3 import conditional_writes, provider_of, s3_storage

ADDRESSES = {
    None: ("aws", None),
    "https://s3.amazonaws.com": ("aws", None),
    "https://s3.eu-central-1.amazonaws.com": ("aws", "eu-central-1"),
    "https://s3-eu-west-1.amazonaws.com": ("aws", "eu-west-1"),
    "https://s3.us-gov-west-1.amazonaws.com": ("aws", "us-gov-west-1"),
    "https://s3.dualstack.ap-northeast-1.amazonaws.com": ("aws", "ap-northeast-1"),
    "https://bucket.s3.us-east-1.amazonaws.com": ("aws", "us-east-1"),
    "https://s3-accelerate.amazonaws.com": ("aws", None),
    "https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com": ("aws", "us-east-1"),
    "https://s3.cn-north-1.amazonaws.com.cn": ("aws", "cn-north-1"),
    "https://account.r2.cloudflarestorage.com": ("r2", "auto"),
    "https://account.eu.r2.cloudflarestorage.com": ("r2", "auto"),
    "https://s3.us-west-004.backblazeb2.com": ("b2", "us-west-004"),
    "https://photos.s3.eu-central-003.backblazeb2.com": ("b2", "eu-central-003"),
    "https://storage.googleapis.com": ("gcs", "auto"),
    "https://fra1.digitaloceanspaces.com": ("spaces", "fra1"),
    "https://photos.NYC3.digitaloceanspaces.com": ("spaces", "nyc3"),
    "http://127.0.0.1:9000": ("other", None),
    "https://amazonaws.com.example.com": ("other", None),
    "https://evilamazonaws.com": ("other", None),
    "https://storage.googleapis.com.example.com": ("other", None),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_tells_the_provider_and_its_region(address):
    provider = provider_at(address)
    assert (provider.name, provider.region_of(address)) == ADDRESSES[address]


def test_conditional_writes_are_for_those_that_document_them():
    able = {name for name, one in PROVIDERS.items() if one.conditional_writes}
    assert able == {"aws", "r2", "minio", "seaweedfs", "ceph"}


@pytest.fixture
def made(settings):
    def make(**arguments):
        settings.STORAGES = settings.STORAGES | {"polyimages": s3_storage("photos", **arguments)}
        return storages["polyimages"]

    return make


class TestOfAStorage:
    def test_the_address_is_enough(self, made):
        assert conditional_writes(made()) is True
        assert conditional_writes(made(endpoint_url="https://x.r2.cloudflarestorage.com")) is True
        assert conditional_writes(made(endpoint_url="https://storage.googleapis.com")) is False

    def test_a_server_of_ones_own_has_to_be_named(self, made):
        own = {"endpoint_url": "https://s3.example.com"}
        assert conditional_writes(made(**own)) is False
        assert conditional_writes(made(**own, provider="minio")) is True
        assert conditional_writes(made(**own, provider=replace(OTHER, conditional_writes=True)))

    def test_a_profile_may_choose_region_and_addressing(self, made):
        own = replace(OTHER, name="mine", region="eu-9", addressing_style="virtual")
        backend = made(
            endpoint_url="https://s3.example.com", provider=own, access_key="k", secret_key="s"
        )
        assert backend.region_name == "eu-9"
        assert backend.url("x.webp").startswith("https://photos.s3.example.com/x.webp?")
        assert made(provider=own, region="eu-1").region_name == "eu-1"

    def test_a_storage_without_the_function_is_known_by_its_address_too(self, monkeypatch):
        backend = S3Storage(bucket_name="x", endpoint_url="https://s3.eu-1.backblazeb2.com")
        assert provider_of(backend).name == "b2"
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://account.r2.cloudflarestorage.com")
        assert provider_of(S3Storage(bucket_name="x")).name == "r2"

    def test_a_storage_that_is_not_s3_has_none(self):
        assert conditional_writes(FileSystemStorage()) is False

    def test_a_name_that_does_not_exist_is_refused(self):
        with pytest.raises(
            ImproperlyConfigured, match=r"no provider 'R3'; choose from 'aws', 'r2'"
        ):
            s3_storage("photos", provider="R3")
