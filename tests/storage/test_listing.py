from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from django_polyimages import storage
from django_polyimages.storage.listing import CannotList, StoredFile, list_files, sizes_of

KEY = f"images/img_{'0a' * 16}.jpg"


def facts(backend: Storage, prefix: str = "images/") -> list[tuple[str, int]]:
    return sorted((one.key, one.byte_size) for one in list_files(backend, prefix))


@pytest.fixture(params=["disk", "memory"])
def backend(request, tmp_path) -> Storage:
    return FileSystemStorage(tmp_path) if request.param == "disk" else InMemoryStorage()


def test_everything_below_the_prefix_is_listed_with_its_size(backend):
    for key, content in [("images/a", b"1"), ("images/b/c", b"22"), ("other/d", b"333")]:
        backend.save(key, ContentFile(content))
    assert facts(backend) == [("images/a", 1), ("images/b/c", 2)]


def test_a_folder_that_does_not_exist_holds_nothing(backend):
    assert facts(backend) == []


@pytest.mark.parametrize("use_tz", [True, False])
def test_the_time_of_a_file_is_aware_and_right(backend, settings, use_tz):
    settings.USE_TZ, settings.TIME_ZONE = use_tz, "Asia/Tokyo"
    backend.save("images/a", ContentFile(b"1"))
    [file] = list_files(backend, "images/")
    assert abs(datetime.now(UTC) - file.modified) < timedelta(minutes=1)


def test_a_naive_time_is_that_of_the_settings(settings):
    settings.TIME_ZONE = "Asia/Tokyo"

    class Naive(InMemoryStorage):
        def get_modified_time(self, name):
            return datetime(2026, 1, 1, 9)

    naive = Naive()
    naive.save("images/a", ContentFile(b"1"))
    [file] = list_files(naive, "images/")
    assert file == StoredFile("images/a", 1, datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo")))


def test_a_storage_that_cannot_list_says_so():
    class Blind(Storage):
        pass

    with pytest.raises(CannotList, match=r"Blind cannot list its files: .*listdir"):
        list(list_files(Blind(), "images/"))


def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    def denied(_path):
        raise PermissionError(13, "denied")

    monkeypatch.setattr("os.scandir", denied)
    with pytest.raises(CannotList, match=r"FileSystemStorage does not answer \(PermissionError\)"):
        list(list_files(FileSystemStorage(tmp_path), "images/"))


def test_the_sizes_of_an_original_are_those_in_both_storages(files, originals):
    assert sizes_of(KEY) == set()
    originals.save(KEY, ContentFile(b"1"))
    assert sizes_of(KEY) == {1}
    files.save(KEY, ContentFile(b"22"))
    assert sizes_of(KEY) == {1, 2}


@pytest.mark.slow
class TestOnS3:
    def test_a_bucket_is_listed_in_pages(self, bucket):
        backend = storage.get_storage()
        for name in ("a", "b/c"):
            backend.save(f"images/{name}", ContentFile(b"1"))
        backend.save("other/d", ContentFile(b"1"))
        assert facts(backend) == [("images/a", 1), ("images/b/c", 1)]
        [file, *_rest] = list_files(backend, "images/")
        assert abs(datetime.now(UTC) - file.modified) < timedelta(minutes=5)

    def test_the_location_is_no_part_of_the_keys(self, bucket, connect):
        connect(bucket.name, location="media")
        backend = storage.get_storage()
        backend.save("images/a", ContentFile(b"1"))
        assert [one.key for one in bucket.objects.all()] == ["media/images/a"]
        assert facts(backend) == [("images/a", 1)]
        assert sizes_of("images/a") == {1}
        assert sizes_of("images/b") == set()
        backend.bucket.meta.client.close()

    def test_a_bucket_that_does_not_exist_is_not_taken_for_an_empty_one(self, bucket, connect):
        connect(f"test-{uuid.uuid4().hex}")
        with pytest.raises(CannotList, match=r"does not answer \(NoSuchBucket\)"):
            list(list_files(storage.get_storage(), "images/"))
        storage.get_storage().bucket.meta.client.close()
