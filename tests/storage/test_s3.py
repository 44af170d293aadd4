"""``s3_storage``, and uploads through it to a real S3 server over http and https."""

from __future__ import annotations

import hashlib
import io
import os
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.config import Config
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from PIL import Image as PillowImage

import django_polyimages
from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.operations.original_storage import move, plan_move
from django_polyimages.pixels import resampling
from django_polyimages.storage.s3 import s3_storage
from tests.api.calls import bulk_upload, get, upload
from tests.drawing import REFUSED, photo, quarters, to_bytes, upload_of
from tests.private import MARKER, private_exif
from tests.storage.conftest import keys_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.parametrize("claim", ["text/html", "image/svg+xml", "text/javascript"])
def test_a_page_in_a_picture_is_stored_as_a_picture(client, bucket, claim):
    page = to_bytes(quarters(), "GIF", comment=b"<script>alert(1)</script>")
    body = upload(client, SimpleUploadedFile("page.html", page, claim)).json()
    headers = bucket.meta.client.head_object(Bucket=bucket.name, Key=body["file"])
    assert (headers["ContentType"], body["media_type"]) == ("image/gif", "image/gif")
    assert headers["ContentDisposition"] == "attachment"
    for key in keys_in(bucket):
        if key != body["file"]:
            headers = bucket.meta.client.head_object(Bucket=bucket.name, Key=key)
            assert headers["ContentType"] == "image/webp"
            assert "ContentDisposition" not in headers


def test_two_threads_read_an_original_that_is_regenerated(client, bucket, monkeypatch):
    """Pillow decodes brightness and colours at once, from the same file of the storage."""
    monkeypatch.setattr(resampling, "_found", lambda: (None, ""))
    upload(client, upload_of(photo(3000, 2000, quality=90)))
    image = Image.objects.get()

    def contents() -> dict[str, bytes]:
        return {
            name: bucket.Object(version.key).get()["Body"].read()
            for name, version in image.versions.items()
        }

    keys, uploaded = [one.key for one in image.versions.values()], contents()
    assert Image.objects.regenerate(image, everything=True).failure == ""
    assert not {one.key for one in image.versions.values()} & set(keys)
    assert contents() == uploaded


def test_a_phone_s_photo_arrives_whole_and_upright(client, bucket):
    content = photo(3000, 4000, orientation=6, quality=70)
    body = upload(client, upload_of(content)).json()
    stored = bucket.Object(body["file"]).get()
    assert hashlib.sha256(stored["Body"].read()).digest() == hashlib.sha256(content).digest()
    assert stored["ContentType"] == "image/jpeg"
    assert stored["CacheControl"] == "private, max-age=31536000, immutable"
    stem = body["file"].removesuffix(".jpg")
    for name, size in {
        "thumb": (120, 160),
        "sm": (480, 640),
        "md": (768, 1024),
        "lg": (1536, 2048),
    }.items():
        answer = bucket.Object(f"{stem}_{name}.webp").get()
        with PillowImage.open(io.BytesIO(answer["Body"].read())) as version:
            assert (version.format, version.size) == ("WEBP", size)
        assert answer["ContentType"] == "image/webp"
        assert "ContentEncoding" not in answer
    assert len(keys_in(bucket)) == 5


def test_an_upload_is_five_puts_and_nothing_else(client, requests):
    body = upload(client).json()
    stem = body["file"].removesuffix(".jpg")
    keys = [body["file"], *(f"{stem}_{name}.webp" for name in ("thumb", "sm", "md", "lg"))]
    assert sorted(requests) == sorted(f"PUT {key}" for key in keys)


def test_an_original_near_the_limit_is_one_put_too(client, requests):
    noise = PillowImage.effect_noise((4200, 4200), 90)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert 12_000_000 < buffer.tell() < 20 * 1024 * 1024
    assert upload(client, upload_of(buffer.getvalue())).status_code == 200
    assert [request.split()[0] for request in requests] == ["PUT"] * 5


def test_an_original_without_its_metadata_is_one_put_too(client, requests, bucket, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_METADATA": "strip"}
    noise = to_bytes(PillowImage.effect_noise((1800, 1800), 90), quality=95, exif=private_exif(6))
    body = upload(client, upload_of(noise)).json()
    assert [request.split()[0] for request in requests] == ["PUT"] * 5
    stored = bucket.Object(body["file"]).get()["Body"].read()
    assert MARKER in noise
    assert MARKER not in stored
    assert len(stored) == body["byte_size"] > 1_000_000


def test_a_file_is_sent_by_the_thread_that_saves_it(bucket):
    senders = []
    bucket.meta.client.meta.events.register(
        "before-send.s3", lambda **kwargs: senders.append(threading.get_ident())
    )
    storage.get_storage().save("images/x.png", ContentFile(b"x"))
    assert senders == [threading.get_ident()]


def test_a_large_upload_can_be_sent_twice(bucket, contact, product):
    content = photo()
    with TemporaryUploadedFile("large.jpg", "image/jpeg", len(content), None) as file:
        file.write(content)
        for obj in (contact, product):
            image = obj.images.attach(file).image
            assert bucket.Object(image.key).get()["Body"].read() == content


def test_listing_asks_the_storage_nothing(client, bucket, requests):
    bulk_upload(client, *(upload_of(photo()) for _ in range(3)))
    del requests[:]
    body = get(client).json()
    assert len(body["items"]) == 3
    assert requests == []


@pytest.mark.parametrize(
    "case", ["truncated jpeg", "svg", "zero bytes", "png of 900 million pixels"]
)
def test_a_refused_file_sends_no_request(client, requests, case):
    name, content, _code = REFUSED[case]
    assert upload(client, upload_of(content, name)).status_code == 400
    assert requests == []


def test_a_deleted_image_leaves_the_bucket(client, bucket, django_capture_on_commit_callbacks):
    upload(client)
    with django_capture_on_commit_callbacks(execute=True):
        Image.objects.get().delete()
    assert keys_in(bucket) == []


def test_urls_are_signed_and_work(client, bucket, server):
    url = upload(client).json()["versions"]["thumb"]["url"]
    trusting = ssl.create_default_context(cafile=server.ca_bundle)
    with urllib.request.urlopen(url, context=trusting) as answer:
        assert answer.read(4) == b"RIFF"
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(url.partition("?")[0], context=trusting)
    refused.value.close()


class TestBucketOfOriginals:
    def test_an_upload_is_five_puts_into_two_buckets(self, client, bucket, private):
        sent = []
        for backend in (storage.get_storage(), storage.get_original_storage()):
            backend.bucket.meta.client.meta.events.register(
                "before-send.s3", lambda request, **kwargs: sent.append(request.method)
            )
        body = upload(client).json()
        assert sent == ["PUT"] * 5
        assert keys_in(private) == [body["file"]]
        assert len(keys_in(bucket)) == 4
        del sent[:]
        assert private.name in get(client).json()["items"][0]["url"]
        assert sent == []

    def test_the_url_of_an_original_is_signed_and_works(self, client, bucket, private, server):
        url = upload(client).json()["url"]
        trusting = ssl.create_default_context(cafile=server.ca_bundle)
        with urllib.request.urlopen(url, context=trusting) as answer:
            assert answer.read() == photo()
            assert answer.headers["Content-Disposition"] == "attachment"
        for guess in (url.partition("?")[0], url.replace(private.name, bucket.name)):
            with pytest.raises(urllib.error.HTTPError, match=r"403|404") as refused:
                urllib.request.urlopen(guess, context=trusting)
            refused.value.close()

    def test_the_view_sends_it_too(self, client, bucket, private):
        body = upload(client).json()
        response = client.get(f"/images/{body['id']}/original/")
        assert response.getvalue() == photo()
        assert response.headers["Content-Length"] == str(len(photo()))

    def test_it_is_regenerated_from_and_deleted(
        self, client, bucket, private, django_capture_on_commit_callbacks
    ):
        upload(client)
        image = Image.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            assert Image.objects.regenerate(image, everything=True).failure == ""
        assert len(keys_in(private) + keys_in(bucket)) == 5
        with django_capture_on_commit_callbacks(execute=True):
            image.delete()
        assert keys_in(private) + keys_in(bucket) == []

    def test_originals_are_moved_into_it(self, client, bucket, private, settings):
        chosen = settings.POLYIMAGES
        settings.POLYIMAGES = chosen | {"ORIGINAL_STORAGE": None}
        body = upload(client).json()
        settings.POLYIMAGES = chosen
        assert (len(keys_in(bucket)), keys_in(private)) == (5, [])
        assert Image.objects.regenerate(Image.objects.get(), everything=True).failure == ""
        assert [one.result.outcome for one in move(plan_move())] == ["moved"]
        assert [one.result.outcome for one in move(plan_move())] == ["already there"]
        assert keys_in(private) == [body["file"]]
        assert body["file"] not in keys_in(bucket)
        moved = private.Object(body["file"]).get()
        assert (moved["Body"].read(), moved["ContentType"]) == (photo(), "image/jpeg")


@pytest.fixture
def made(settings) -> Callable[..., object]:
    """The storage that Django makes of ``s3_storage("photos", ...)``."""

    def make(**arguments):
        settings.STORAGES = settings.STORAGES | {"polyimages": s3_storage("photos", **arguments)}
        return storages["polyimages"]

    return make


KEYS = {"access_key": "key", "secret_key": "secret"}


class TestTheFunction:
    R2 = "https://account.eu.r2.cloudflarestorage.com"

    @pytest.mark.parametrize(
        ("arguments", "beginning"),
        [
            ({"region": "eu-central-1"}, "https://s3.eu-central-1.amazonaws.com/photos/x.webp?"),
            ({"endpoint_url": R2}, f"{R2}/photos/x.webp?"),
            ({"endpoint_url": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000/photos/x.webp?"),
            (
                {"region": "eu-central-1", "addressing_style": "virtual"},
                "https://photos.s3.eu-central-1.amazonaws.com/x.webp?",
            ),
        ],
    )
    def test_urls_are_signed_at_the_host_that_answers(self, made, arguments, beginning):
        url = made(**KEYS, **arguments).url("x.webp")
        assert url.startswith(beginning)
        assert "X-Amz-Signature=" in url

    @pytest.mark.parametrize(
        ("arguments", "region"),
        [
            ({"endpoint_url": R2}, "auto"),
            ({"endpoint_url": R2, "region": "weur"}, "weur"),
            ({"endpoint_url": "https://s3.example.com", "region": "eu-1"}, "eu-1"),
            ({"endpoint_url": "https://s3.example.com", "region": ""}, None),
        ],
    )
    def test_the_region_of_r2_need_not_be_given(self, made, arguments, region):
        assert made(**arguments).region_name == region

    @pytest.mark.parametrize(
        ("public_url", "url"),
        [
            ("https://images.example.com", "https://images.example.com/images/x.webp"),
            ("http://127.0.0.1:9000/photos/", "http://127.0.0.1:9000/photos/images/x.webp"),
        ],
    )
    def test_a_public_url_begins_all_others(self, made, public_url, url):
        public = made(public_url=public_url)
        assert public.url("images/x.webp") == url
        assert public.object_parameters["CacheControl"].startswith("public, ")

    def test_urls_of_a_public_bucket_need_no_signature(self, made):
        public = made(endpoint_url="https://s3.example.com", signed_urls=False)
        assert public.url("x.webp") == "https://s3.example.com/photos/x.webp"
        assert public.object_parameters["CacheControl"].startswith("public, ")

    def test_settings_for_other_buckets_of_the_site_do_not_count(self, made, settings):
        settings.AWS_S3_CUSTOM_DOMAIN = "static.example.com"
        settings.AWS_QUERYSTRING_AUTH = settings.AWS_S3_FILE_OVERWRITE = False
        settings.AWS_DEFAULT_ACL = "public-read"
        own = made(**KEYS)
        assert "X-Amz-Signature=" in own.url("x.webp")
        assert (own.file_overwrite, own.default_acl) == (True, None)

    def test_what_is_not_given_comes_from_the_settings_of_the_site(self, made, settings):
        settings.AWS_S3_REGION_NAME = "eu-central-1"
        assert made().region_name == "eu-central-1"

    def test_any_option_of_django_storages_may_be_given(self, made):
        own = made(location="site", default_acl="public-read", object_parameters={})
        assert (own.location, own.default_acl) == ("site", "public-read")
        assert own.object_parameters == {}

    def test_a_client_config_changes_only_what_it_says(self, made):
        given = {"client_config": Config(read_timeout=7), "proxies": {"https": "proxy:1"}}
        config = made(**given).client_config
        assert (config.read_timeout, config.connect_timeout) == (7, 5)
        assert (config.proxies, config.signature_version) == ({"https": "proxy:1"}, "s3v4")
        assert config.request_checksum_calculation == "when_required"

    @pytest.mark.parametrize("given", [{"access_key": "x"}, {"secret_key": "x", "access_key": ""}])
    def test_half_of_the_credentials_is_refused(self, given):
        with pytest.raises(ImproperlyConfigured, match="only one of access_key and secret_key"):
            s3_storage("photos", **given)

    def test_a_public_url_without_its_scheme_is_refused(self):
        with pytest.raises(
            ImproperlyConfigured, match=r"write a complete URL, such as 'https://images"
        ):
            s3_storage("photos", public_url="images.example.com")


def run_without_settings(*lines: str) -> str:
    """What a Python prints, or the last line of its traceback."""
    variables = {name: value for name, value in os.environ.items() if "DJANGO" not in name}
    source = Path(django_polyimages.__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)],
        env=variables | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    return (result.stdout or result.stderr.splitlines()[-1]).strip()


def test_a_settings_file_may_call_it_and_loads_boto3_only_then():
    told = run_without_settings(
        "import sys",
        "from django_polyimages.storage.s3 import s3_storage",
        "print({'boto3', 'botocore', 'storages'} & set(sys.modules))",
        "print(s3_storage('photos')['OPTIONS']['bucket_name'])",
        "from django.conf import settings",
        "print(settings.configured)",
    )
    assert told.split("\n") == ["set()", "photos", "False"]


@pytest.mark.parametrize("missing", ["boto3", "storages"])
def test_a_package_that_is_missing_is_named_with_its_cure(missing):
    told = run_without_settings(
        f"import sys; sys.modules['{missing}'] = None",
        "from django_polyimages.storage.s3 import s3_storage",
        "s3_storage('photos')",
    )
    assert told.startswith("django.core.exceptions.ImproperlyConfigured: s3_storage() needs boto3")
    assert 'pip install "django-polyimages[s3]"' in told
