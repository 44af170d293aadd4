from __future__ import annotations

import pytest

from django_polyimages.checks import storage

DISK = "django.core.files.storage.FileSystemStorage"


@pytest.fixture
def complaints(settings, tmp_path):
    """The complaints about ``STORAGES["polyimages"]`` or another alias."""
    settings.MEDIA_ROOT = tmp_path

    def found(alias="polyimages", backend=DISK, **options) -> list[str]:
        settings.STORAGES = {
            "default": {"BACKEND": DISK},
            "staticfiles": {"BACKEND": DISK, "OPTIONS": {"location": tmp_path / "static"}},
            "pictures": {"BACKEND": backend, "OPTIONS": options},
            "polyimages": {"BACKEND": backend, "OPTIONS": options},
        }
        settings.POLYIMAGES = {"STORAGE": alias}
        return [f"{one.id} {one.msg} {one.hint}" for one in storage.check_storage()]

    return found


def test_any_storage_that_is_known_will_do(complaints):
    assert complaints() == complaints("pictures") == complaints("default") == []
    assert complaints(backend="django.core.files.storage.InMemoryStorage") == []


def test_the_default_alias_may_be_missing(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {"default": {"BACKEND": DISK}}
    assert storage.check_storage() == []
    settings.POLYIMAGES = {"STORAGE": "polyimages"}
    assert storage.check_storage() == []


def test_an_alias_that_was_chosen_may_not_be_missing(complaints):
    [complaint] = complaints("pictres")
    assert complaint.startswith("polyimages.E015")
    assert "choose one of 'default', 'staticfiles', 'pictures', 'polyimages'." in complaint


def test_static_files_have_their_storage_for_themselves(complaints):
    [complaint] = complaints("staticfiles")
    assert complaint.startswith("polyimages.E016")


@pytest.mark.parametrize(
    ("backend", "options", "reason"),
    [
        ("storages.backends.s4.S4Storage", {}, "Could not find backend"),
        ("storages.backends.s3.S3Storage", {"bucket": "x"}, "Invalid setting 'bucket'"),
        ("storages.backends.s3.S3Storage", {"location": "/x"}, "cannot begin with"),
        (DISK, {"folder": "x"}, "unexpected keyword argument 'folder'"),
    ],
)
def test_a_storage_that_cannot_be_made_says_why(complaints, backend, options, reason):
    [complaint] = complaints(backend=backend, **options)
    assert complaint.startswith("polyimages.E017")
    assert reason in complaint
    assert "Correct STORAGES['polyimages']" in complaint


def test_files_on_disk_have_a_folder(complaints, settings):
    settings.MEDIA_ROOT = ""
    [complaint] = complaints()
    assert complaint.startswith("polyimages.E018")
    assert complaints(location="/srv/images") == []


@pytest.mark.parametrize("url", ["", "/"])
def test_files_on_disk_have_a_url(complaints, settings, url):
    settings.MEDIA_URL = url
    [complaint] = complaints()
    assert complaint.startswith("polyimages.W010")
    assert complaints(base_url="https://images.example.com/") == []
