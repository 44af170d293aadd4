"""All texts of the package in all its languages, and how users see them."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import django
import polib
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import translation

import django_polyimages
from django_polyimages.errors import InvalidImage
from django_polyimages.forms import MultipleImageUploadField
from django_polyimages.pixels.inspection import inspect
from tests.api.calls import get
from tests.drawing import photo, upload_of
from tests.helpers import require

PACKAGE = Path(django_polyimages.__file__).parent
LANGUAGES = ["de", "es", "fr", "zh_Hans"]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w+\}")

Key = tuple[str | None, str, str]


def keys(catalogue: polib.POFile) -> set[Key]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in catalogue}


def texts(catalogue: polib.POFile | polib.MOFile) -> dict[Key, list[str]]:
    return {
        (entry.msgctxt, entry.msgid, entry.msgid_plural): translations(entry) for entry in catalogue
    }


def translations(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def edges(text: str) -> tuple[str, str]:
    """The whitespace around a text."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


@pytest.fixture(scope="module")
def extracted(tmp_path_factory) -> tuple[polib.POFile, str]:
    """The texts in the current code, and the output of the program that collected them."""
    require(Path(shutil.which("xgettext") or "xgettext"))
    folder = tmp_path_factory.mktemp("texts") / "package"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    (folder / "locale").mkdir()
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call_command("makemessages", locale=["de"], keep_pot=True, stdout=said, stderr=said)
    return polib.pofile(str(folder / "locale" / "django.pot")), said.getvalue()


@pytest.fixture(params=LANGUAGES)
def path(request) -> Path:
    return PACKAGE / "locale" / request.param / "LC_MESSAGES" / "django.po"


@pytest.fixture
def catalogue(path) -> polib.POFile:
    return polib.pofile(str(path))


def test_these_languages_come_with_the_package():
    assert sorted(folder.name for folder in (PACKAGE / "locale").iterdir()) == LANGUAGES


def test_the_texts_of_the_code_are_sound(extracted):
    pot, said = extracted
    assert len(pot) > 100
    assert "warning" not in said


@pytest.mark.parametrize("phrase", ["allowed are", "allowed is", "may not", "any more"])
def test_the_texts_avoid_phrases_that_are_ambiguous_or_not_idiomatic(extracted, phrase):
    used = [one.msgid for one in extracted[0] if phrase in f"{one.msgid} {one.msgid_plural}"]
    assert used == []


class TestACatalogue:
    def test_has_every_text_and_no_other(self, catalogue, extracted):
        in_code = keys(extracted[0])
        assert keys(catalogue) - in_code == set()
        assert in_code - keys(catalogue) == set()

    def test_guesses_nothing_and_keeps_nothing_old(self, catalogue):
        assert not catalogue.metadata_is_fuzzy
        assert [entry.msgid for entry in catalogue if entry.fuzzy or entry.obsolete] == []

    def test_leaves_nothing_empty(self, catalogue):
        empty = [one.msgid for one in catalogue if not all(map(str.strip, translations(one)))]
        assert empty == []

    def test_has_every_plural_form_of_its_language(self, catalogue):
        [number] = re.findall(r"nplurals=(\d)", catalogue.metadata["Plural-Forms"])
        plurals = [entry for entry in catalogue if entry.msgid_plural]
        assert plurals
        assert {len(entry.msgstr_plural) for entry in plurals} == {int(number)}

    def test_has_the_placeholders_of_the_text(self, catalogue):
        wrong = [
            text
            for entry in catalogue
            for text in translations(entry)
            if placeholders(text) != placeholders(entry.msgid)
        ]
        assert wrong == []

    def test_has_the_same_white_space_around_a_text(self, catalogue):
        wrong = [
            text
            for entry in catalogue
            for text in translations(entry)
            if edges(text) != edges(entry.msgid)
        ]
        assert wrong == []

    def test_is_compiled(self, path, catalogue):
        compiled = polib.mofile(str(path.with_suffix(".mo")))
        assert texts(compiled) == texts(catalogue)
        assert compiled.metadata == catalogue.metadata

    def test_names_files_of_the_package_only(self, catalogue):
        places = {place for entry in catalogue for place in entry.occurrences}
        assert places
        assert [name for name, line in places if line or not (PACKAGE / name).exists()] == []

    def test_says_what_django_says_where_both_have_a_text(self, path, catalogue):
        """A catalogue applies to the whole site, so this one must not change Django's own pages."""
        translated = texts(catalogue)
        root, language = Path(django.__file__).parent, path.parent.parent.name
        shared = {
            (key, text[0], translated[key][0])
            for path_of_django in root.glob(f"**/locale/{language}/LC_MESSAGES/django.po")
            for key, text in texts(polib.pofile(str(path_of_django))).items()
            if key in translated and text[0]
        }
        assert len(shared) > 5
        assert [three for three in shared if three[1] != three[2]] == []


@pytest.fixture
def localized(settings) -> Iterator[None]:
    """A site that uses the language of each request."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    yield
    translation.deactivate()  # the last request was handled in this thread


@pytest.fixture
def reader(localized, admin_user) -> Client:
    """A user with all permissions in the admin."""
    client = Client()
    client.force_login(admin_user)
    return client


def page(client: Client, path: str, language: str) -> str:
    response = client.get(path, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.django_db
class TestAReader:
    def test_of_german_reads_errors_of_the_api(self, localized, client):
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9,en;q=0.5"
        assert get(client, "images/999/").json() == {
            "detail": "Nicht gefunden.",
            "code": "not_found",
        }
        refused = client.post("/api/v1/images/orgs/acme/images/", {"photo": upload_of(photo())})
        assert refused.json() == {
            "detail": "Unbekanntes Dateifeld; verwenden Sie „file“.",
            "code": "invalid_fields",
        }

    def test_of_german_reads_the_list_of_images(self, reader, image):
        html = page(reader, "/admin/polyimages/image/", "de")
        for text in ("Bilder", "Verwendungen", "ohne Alternativtext", "Versionen neu erstellen"):
            assert f">{text}<" in html
        assert '<span class="polyimages-ready">bereit</span>' in html

    def test_of_german_reads_the_inline(self, reader, contact, image):
        contact.images.attach(image)
        html = page(reader, f"/admin/contacts/contact/{contact.pk}/change/", "de")
        for text in (
            "Bilder hinzufügen",
            "Aus der Bibliothek wählen",
            "oder Bilder hierher ziehen",
        ):
            assert f">{text}<" in html
        assert "Titelbild<" in html
        assert "Alternativtext für dieses Objekt:" in html
        assert 'data-moved="{title} ist jetzt Nummer {place} von {count}."' in html
        assert 'data-too-large="Zu groß; erlaubt sind höchstens 20,0\N{NO-BREAK SPACE}MB."' in html

    def test_of_german_reads_errors_of_a_form(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": 1536, "MAX_FILES": 1}
        field = MultipleImageUploadField()
        big = SimpleUploadedFile("groß.jpg", b"x" * 2560)
        with translation.override("de"):
            with pytest.raises(InvalidImage) as caught:
                inspect(big)
            size, limit = "2,5\N{NO-BREAK SPACE}KB", "1,5\N{NO-BREAK SPACE}KB"
            assert str(caught.value) == f"Datei zu groß: {size}; erlaubt sind höchstens {limit}."
            assert problems(field, [big]) == [f"groß.jpg: {caught.value}"]
            assert problems(field, [big, big]) == ["Zu viele Dateien: 2; höchstens 1 erlaubt."]

    def test_of_german_reads_numbers_as_they_are_written_there(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_PIXELS": 100_500}
        with translation.override("de"), pytest.raises(InvalidImage) as caught:
            inspect(upload_of(photo(400, 300)))
        text = "Zu viele Pixel (400 x 300); erlaubt sind höchstens 0,1005 Megapixel."
        assert str(caught.value) == text

    def test_of_chinese_reads_the_library_and_the_page_of_an_image(self, reader, contact, image):
        contact.images.set_cover(image)
        html = page(reader, "/admin/polyimages/image/", "zh-CN")
        assert ">重新生成版本<" in html
        assert ">使用次数<" in html
        html = page(reader, f"/admin/polyimages/image/{image.pk}/change/", "zh-CN")
        assert ">版本</h2>" in html
        assert "(封面)" in html

    @pytest.mark.parametrize("address", ["polyimages/image/", "polyimages/image/add/"])
    def test_of_another_language_reads_english(self, reader, image, address):
        html = page(reader, f"/admin/{address}", "cy")
        assert 'lang="cy"' in html
        assert "Alternative text" in html or "alternative text" in html

    def test_of_another_language_can_use_the_inline(self, reader, contact, image):
        contact.images.attach(image)
        html = page(reader, f"/admin/contacts/contact/{contact.pk}/change/", "cy")
        assert 'lang="cy"' in html
        assert ">Choose from the library<" in html


def problems(field: MultipleImageUploadField, files: list[SimpleUploadedFile]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        field.clean(files)
    return caught.value.messages
