from __future__ import annotations

import re

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from django_polyimages import VersionSpec, storage
from django_polyimages.storage import generate_upload_filename, get_storage
from django_polyimages.storage.keys import is_incoming, is_original, may_belong_to, version_key


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("photo.jpg", "jpg"),
        ("PHOTO.PNG", "png"),
        ("../../etc/passwd", "bin"),
        ("a.php", "bin"),
        ("", "bin"),
        ("x" * 3000 + ".webp", "webp"),
        ("\x00\r\n\u202e.gif", "gif"),
    ],
)
def test_nothing_of_the_client_s_name_is_in_a_key(name, extension):
    assert re.fullmatch(
        rf"images/img_[0-9a-f]{{32}}\.{extension}", generate_upload_filename(None, name)
    )


def test_keys_do_not_repeat():
    assert len({generate_upload_filename(None, "a.jpg") for _ in range(1000)}) == 1000


def test_the_prefix_is_a_setting(settings):
    settings.POLYIMAGES = {"UPLOAD_PREFIX": "media/pictures/"}
    assert generate_upload_filename(None, "a.jpg").startswith("media/pictures/img_")


def test_a_version_stands_beside_its_original():
    thumb, small = VersionSpec("thumb", 1, 1), VersionSpec("s", 1, 1, suffix="_sm", format="JPEG")
    assert version_key("images/img_1f.png", thumb) == "images/img_1f_thumb.webp"
    assert version_key("images/img_1f.webp", small) == "images/img_1f_sm.jpg"


def test_the_alias_is_used_where_it_exists(settings):
    assert isinstance(get_storage(), InMemoryStorage)
    settings.STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}
    assert isinstance(get_storage(), FileSystemStorage)


def test_another_alias_can_be_named(settings):
    settings.STORAGES = settings.STORAGES | {
        "pictures": {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    }
    settings.POLYIMAGES = {"STORAGE": "pictures"}
    assert isinstance(get_storage(), FileSystemStorage)


def test_prepare_lets_a_shared_connection_be_made(monkeypatch):
    made = []

    class Backend:
        @property
        def bucket(self):
            made.append(1)

    monkeypatch.setattr(storage, "get_storage", Backend)
    storage.connect()
    assert made == [1]


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        (f"images/img_{'0a' * 16}.jpg", True),
        (f"deep/er/img_{'0a' * 16}.png", True),
        (f"images/img_{'0a' * 16}_thumb.webp", False),
        (f"images/img_{'0a' * 16}_thumb-3fa2c1.webp", False),
        ("images/photo.jpg", False),
    ],
)
def test_an_original_is_known_by_its_key(key, is_one):
    assert is_original(key) is is_one


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        (f"images-incoming/{'0a' * 16}", True),
        (f"deep/er-incoming/{'0a' * 16}", True),
        (f"images-incoming/{'0a' * 16}_aB3dE6g", True),
        (f"images-incoming/{'0a' * 16}_of-the-host", False),
        (f"images/{'0a' * 16}", False),
        ("images-incoming/photo.jpg", False),
    ],
)
def test_an_upload_is_known_by_its_key_also_where_another_was_taken(key, is_one):
    storage = FileSystemStorage()
    assert is_incoming(key) is is_one
    assert is_incoming(storage.get_alternative_name(key, "")) is (is_one and "_" not in key)


STEM = f"img_{'0a' * 16}"


@pytest.mark.parametrize(
    "name",
    [
        f"{STEM}.jpg",
        f"{STEM}.bin",
        f"{STEM}_thumb.webp",
        f"{STEM}_thumb-3fa2c1.webp",
        f"{STEM}_very_large2.avif",
    ],
)
def test_a_file_of_the_package_may_belong_to_an_original_of_any_format(name):
    originals = may_belong_to(f"images/{name}", "images/")
    assert f"images/{STEM}.jpg" in originals
    assert {one.rpartition(".")[2] for one in originals} == {
        "jpg", "png", "webp", "gif", "avif", "bin",
    }  # fmt: skip


@pytest.mark.parametrize(
    "key",
    [
        f"other/{STEM}.jpg",
        f"images/more/{STEM}.jpg",
        f"images/{STEM}",
        f"images/{STEM}_thumb.webp.bak",
        f"images/{STEM}_Thumb.webp",
        f"images/{STEM}0.jpg",
        f"images/x{STEM}.jpg",
        "images/img_1.jpg",
    ],
)
def test_a_file_of_somebody_else_belongs_to_none(key):
    assert may_belong_to(key, "images/") == []
