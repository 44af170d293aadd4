from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command

from django_polyimages.storage.s3 import s3_storage
from tests import lenient_s3


def storage(*arguments: str) -> str:
    out = StringIO()
    call_command("polyimages_storage", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def bucket(settings):
    """Of a server that checks nothing."""
    with lenient_s3.running() as server:
        entry = s3_storage(
            "photos", endpoint_url=server.url, region="x", access_key="key", secret_key="s3cret"
        )
        settings.STORAGES = settings.STORAGES | {"polyimages": entry}
        yield server


def test_what_works_is_listed(tmp_path, settings):
    disk = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = settings.STORAGES | {
        "polyimages": disk | {"OPTIONS": {"location": tmp_path}}
    }
    lines = storage().splitlines()
    assert lines[0] == "polyimages: django.core.files.storage.filesystem.FileSystemStorage"
    assert lines[1:5] == ["  works  put", "  works  get", "  works  list", "  works  delete"]
    assert "no CORS rule" in lines[5]


def test_what_fails_is_listed_with_the_rule_to_paste(bucket):
    out = StringIO()
    with pytest.raises(CommandError, match="Not working, but needed: 3"):
        call_command("polyimages_storage", "--origin", "https://Shop.example.com/", stdout=out)
    text = out.getvalue()
    assert text.startswith("polyimages: bucket photos of an S3 server\n  works  put\n")
    assert "  fails  closed without a signature: everyone can read" in text
    assert "  fails  no upload of a longer file: " in text
    assert "s3cret" not in text
    [rule] = json.loads(text.partition("CORS rule of the bucket:\n")[2])
    assert rule["AllowedOrigins"] == ["https://shop.example.com"]
    assert bucket.objects == {}


def test_programs_get_json(bucket):
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("polyimages_storage", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["alias"], report["problems"], report["left"]) == ("polyimages", 2, [])
    first = {"name": "put", "works": True, "is_needed": True, "detail": "", "hint": ""}
    assert report["steps"][0] == first
    assert report["cors"][0]["AllowedMethods"] == ["PUT"]


def test_files_that_are_not_deleted_are_named(bucket):
    bucket.refused.add("DELETE")
    with pytest.raises(CommandError, match=r"did not delete: images-incoming/trial-\w+\.webp"):
        storage()


def test_another_storage_may_be_tried(tmp_path, settings, monkeypatch):
    disk = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = settings.STORAGES | {
        "originals": disk | {"OPTIONS": {"location": tmp_path}}
    }
    assert storage("--alias", "originals").startswith("originals: ")
    monkeypatch.setattr(FileSystemStorage, "delete", lambda *args: None)
    with pytest.raises(CommandError, match="needed: 1"):
        storage("--alias", "originals")


@pytest.mark.parametrize("origin", ["example.com", "https://", "https://a.example/b", "file:///x"])
def test_an_origin_is_an_address_of_a_site(origin):
    with pytest.raises(CommandError, match="not the address of a site"):
        storage("--origin", origin)


def test_a_storage_that_is_not_there_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'nowhere'"):
        storage("--alias", "nowhere")
