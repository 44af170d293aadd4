from __future__ import annotations

import hashlib
import io
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.utils import translation
from django.utils.translation import trans_real
from PIL import Image as PillowImage

from django_polyimages import InvalidImage, VersionSpec
from django_polyimages.pipeline import generation
from django_polyimages.pipeline.store import check, store
from tests.drawing import REFUSED, photo, upload_of
from tests.helpers import decodes, keys_of, read, store_one, stored_keys

pytestmark = pytest.mark.django_db
KEY = re.compile(r"images/img_[0-9a-f]{32}\.jpg")


def test_stores_the_original_untouched_and_four_versions_beside_it():
    content = photo(3000, 2000)
    with store(ContentFile(content, "my photo.JPEG"), using="default") as stored:
        pass
    assert KEY.fullmatch(stored.key)
    assert hashlib.sha256(read(stored.key)).hexdigest() == stored.facts.sha256
    assert read(stored.key) == content
    stem = stored.key.removesuffix(".jpg")
    assert {name: version.key for name, version in stored.generated.versions.items()} == {
        name: f"{stem}_{name}.webp" for name in ("thumb", "sm", "md", "lg")
    }
    assert stored_keys() == keys_of(stored)


def test_records_of_each_version_what_its_file_is():
    with store(ContentFile(photo(3000, 2000)), using="default") as stored:
        pass
    for version in stored.generated.versions.values():
        content = read(version.key)
        with PillowImage.open(io.BytesIO(content)) as picture:
            assert picture.format == "WEBP"
            assert picture.size == (version.width, version.height)
        assert version.byte_size == len(content)


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_file_is_never_written(case, monkeypatch):
    name, content, code = REFUSED[case]
    written = []
    monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: written.append(args))
    with pytest.raises(InvalidImage) as caught, store(ContentFile(content, name), using="default"):
        pass
    assert caught.value.code == code
    assert written == []


def test_a_version_that_cannot_be_made_does_not_lose_the_upload(monkeypatch):
    real = generation.encode

    def encode(picture, spec):
        if spec.name == "sm":
            raise MemoryError
        return real(picture, spec)

    monkeypatch.setattr(generation, "encode", encode)
    with store(ContentFile(photo(3000, 2000)), using="default") as stored:
        pass
    assert stored.generated.failure == "MemoryError"
    assert list(stored.generated.versions) == ["thumb", "md", "lg"]
    assert stored_keys() == keys_of(stored)


def test_a_body_that_raises_leaves_nothing():
    with pytest.raises(RuntimeError), store(ContentFile(photo()), using="default"):
        assert len(stored_keys()) == 5
        raise RuntimeError
    assert stored_keys() == []


def test_messages_from_the_pixels_are_told_in_the_caller_s_language(monkeypatch):
    """Raised in another thread, where the language is the site's."""
    monkeypatch.setattr(
        trans_real.DjangoTranslation, "gettext", lambda self, text: f"{self.language()}: {text}"
    )
    _name, content, _code = REFUSED["truncated jpeg"]
    with translation.override("de"):
        with pytest.raises(InvalidImage) as caught, store(ContentFile(content), using="default"):
            pass
        assert str(caught.value).startswith("de: The image is damaged")


class TestCheck:
    def test_saves_the_upload_its_work(self, monkeypatch):
        content = photo(1200, 900)
        file = upload_of(content)
        with decodes(monkeypatch) as calls:
            check(file)
            assert stored_keys() == []
            with store(file, using="default") as stored:
                pass
        assert len(calls) == 1
        assert read(stored.key) == content
        direct = store_one(content)
        for name, version in stored.generated.versions.items():
            assert read(version.key) == read(direct.generated.versions[name].key)

    def test_waits_for_the_turn_of_its_owner(self, monkeypatch):
        real, owners = generation.slot, []

        def slot(owner, memory):
            owners.append(owner)
            return real(owner, memory)

        monkeypatch.setattr(generation, "slot", slot)
        check(upload_of(photo()), owner=7)
        assert owners == [7]

    def test_is_for_the_bytes_that_were_checked(self):
        file = upload_of(photo(1200, 900))
        check(file)
        file.file = io.BytesIO(photo(600, 400))
        file.size = len(photo(600, 400))
        with store(file, using="default") as stored:
            pass
        assert (stored.facts.width, stored.facts.height) == (600, 400)

    def test_is_for_the_settings_that_were_in_force(self, settings):
        file = upload_of(photo())
        check(file)
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [VersionSpec("tiny", 20, 20)]}
        with store(file, using="default") as stored:
            pass
        assert list(stored.generated.versions) == ["tiny"]

    def test_refuses_damage_that_no_header_shows(self):
        with pytest.raises(InvalidImage, match="damaged"):
            check(upload_of(photo(800, 600)[:-2000]))

    def test_takes_a_file_whose_versions_fail(self, monkeypatch):
        monkeypatch.setattr(generation, "encode", lambda *args: 1 / 0)
        file = upload_of(photo())
        check(file)
        with store(file, using="default") as stored:
            pass
        assert stored.generated.failure == "ZeroDivisionError"
