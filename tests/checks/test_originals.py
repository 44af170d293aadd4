from __future__ import annotations

import pytest

from django_polyimages.checks.originals import check_originals
from django_polyimages.storage.s3 import s3_storage

DISK = "django.core.files.storage.FileSystemStorage"
MEMORY = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
PUBLIC = "https://images.example.com"


def disk(folder) -> dict[str, object]:
    return {"BACKEND": DISK, "OPTIONS": {"location": str(folder)}}


@pytest.fixture
def complaints(settings, tmp_path):
    """The complaints about two storages."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.STATIC_ROOT = str(tmp_path / "static")

    def found(versions, originals=None, alias="originals") -> list[str]:
        settings.STORAGES = {
            "default": {"BACKEND": DISK},
            "staticfiles": MEMORY,
            "polyimages": versions,
            **({"originals": originals} if originals else {}),
        }
        settings.POLYIMAGES = {"ORIGINAL_STORAGE": alias if originals else None}
        return [f"{one.id} {one.msg}" for one in check_originals()]

    return found


def test_originals_next_to_versions_that_everyone_may_fetch_are_public(complaints, tmp_path):
    for versions in (
        disk(tmp_path / "media"),
        s3_storage("photos", public_url=PUBLIC),
        s3_storage("photos", signed_urls=False),
    ):
        [complaint] = complaints(versions)
        assert complaint.startswith("polyimages.W026")


def test_a_private_bucket_or_a_storage_without_urls_is_enough(complaints):
    assert complaints(s3_storage("photos")) == complaints(MEMORY) == []


def test_a_storage_of_their_own_is_enough(complaints, tmp_path):
    assert complaints(disk(tmp_path / "media"), disk(tmp_path / "originals")) == []
    assert complaints(disk(tmp_path / "media"), s3_storage("originals")) == []
    assert complaints(s3_storage("photos", public_url=PUBLIC), s3_storage("originals")) == []


@pytest.mark.parametrize("folder", ["media", "media/originals", "static/x", "x/../media/y"])
def test_a_folder_in_a_served_folder_is_not(complaints, tmp_path, folder):
    [complaint] = complaints(MEMORY, disk(tmp_path / folder))
    assert complaint.startswith("polyimages.W026")
    assert "which the web server serves" in complaint


def test_a_bucket_that_everyone_can_read_is_not(complaints):
    [complaint] = complaints(MEMORY, s3_storage("originals", public_url=PUBLIC))
    assert "not signed" in complaint
    [complaint] = complaints(s3_storage("photos", public_url=PUBLIC), s3_storage("photos"))
    assert "the bucket of their versions" in complaint


def test_an_alias_has_to_exist_and_to_be_its_own(complaints):
    [complaint] = complaints(MEMORY, MEMORY, alias="orignals")
    assert complaint.startswith("polyimages.E033")
    for alias in ("polyimages", "staticfiles"):
        [complaint] = complaints(MEMORY, MEMORY, alias=alias)
        assert complaint.startswith("polyimages.E034")


def test_a_storage_that_cannot_be_made_says_why(complaints):
    [complaint] = complaints(MEMORY, {"BACKEND": DISK, "OPTIONS": {"folder": "x"}})
    assert complaint.startswith("polyimages.E035")
    assert complaints({"BACKEND": DISK, "OPTIONS": {"folder": "x"}}) == []


def test_options_of_s3_are_checked_here_too(complaints):
    [complaint] = complaints(MEMORY, s3_storage("originals", file_overwrite=False))
    assert complaint.startswith("polyimages.W011")
