from __future__ import annotations

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.test import RequestFactory
from jinja2 import DictLoader
from PIL import Image, features

from django_polyimages import VersionSpec
from django_polyimages.checks import settings as checks
from django_polyimages.pixels import resampling
from tests.drawing import photo, upload_of

MEMORY = "django.core.files.uploadhandler.MemoryFileUploadHandler"


def ids(messages) -> list[str]:
    return [one.id for one in messages]


def test_this_pillow_can_do_what_is_asked_for():
    assert checks.check_pillow() == []


def test_a_resizer_that_cannot_be_used_is_named(monkeypatch):
    assert checks.check_resizer() == []
    monkeypatch.setattr(resampling, "_found", lambda: (None, "it fails (ImportError: no symbol)"))
    [message] = checks.check_resizer()
    assert message.id == "polyimages.W052"
    assert "it fails (ImportError: no symbol)" in message.msg
    assert "django-polyimages[fast]" in message.hint


@pytest.fixture
def without_avif(monkeypatch):
    known = features.check
    monkeypatch.setattr(features, "check", lambda name: name != "avif" and known(name))


def test_a_format_that_pillow_cannot_read_is_named(without_avif, settings):
    [message] = checks.check_pillow()
    assert message.id == "polyimages.W009"
    assert "cannot read AVIF" in message.msg
    assert 'leave AVIF out of POLYIMAGES["FORMATS"]' in message.hint
    settings.POLYIMAGES = {"FORMATS": ["JPEG", "PNG", "WEBP", "GIF"]}
    assert checks.check_pillow() == []


def test_a_version_that_pillow_cannot_write_is_an_error(without_avif, settings):
    small, large = VersionSpec("small", 10, 10), VersionSpec("large", 20, 20, format="AVIF")
    settings.POLYIMAGES = {"VERSIONS": [small, large], "FORMATS": ["JPEG"]}
    [message] = checks.check_pillow()
    assert message.id == "polyimages.E014"
    assert "cannot write AVIF, the format of the version 'large'" in message.msg


@pytest.mark.parametrize(
    ("limit", "found"), [(50_000_000, []), (49_999_999, ["polyimages.W008"]), (None, [])]
)
def test_a_limit_of_pillow_that_is_lower_is_told(monkeypatch, limit, found):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert ids(checks.check_pillow()) == found


def test_the_default_limits_of_pixels_fit_into_the_memory():
    assert checks.check_memory() == []


def test_originals_that_need_more_memory_than_allowed_are_told(settings):
    settings.POLYIMAGES = {"MAX_PIXELS": {"WEBP": 100_000_000}}
    [message] = checks.check_memory()
    assert message.id == "polyimages.W020"
    assert "WEBP files of 100000000 pixels may need 1584 MiB" in message.msg
    assert '"WEBP": 46581648' in message.hint
    settings.POLYIMAGES = {"MAX_PIXELS": {"WEBP": 46_581_648}}
    assert checks.check_memory() == []


def spec(width: int, format: str, mode: str = "fit") -> VersionSpec:
    return VersionSpec(f"{format}_{mode}_{width}".lower(), width, width, format=format, mode=mode)


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ([spec(640, "WEBP"), spec(1600, "WEBP"), spec(1600, "AVIF")], ["640"]),
        ([spec(160, "JPEG"), spec(640, "WEBP"), spec(640, "AVIF")], ["160", "160"]),
        ([spec(160, "WEBP"), spec(640, "WEBP"), spec(2048, "AVIF")], ["160, 640"]),
        ([spec(160, "PNG"), spec(640, "PNG"), spec(160, "AVIF"), spec(2048, "AVIF")], ["640"]),
        ([spec(640, "WEBP"), spec(640, "AVIF")], []),
        ([spec(640, "WEBP"), spec(700, "AVIF")], []),
        ([spec(640, "AVIF"), spec(640, "WEBP"), spec(2048, "WEBP")], []),
        ([spec(160, "WEBP", "fill"), spec(1600, "WEBP"), spec(1600, "AVIF")], []),
        ([spec(640, "WEBP"), spec(1600, "WEBP"), spec(1600, "AVIF", "fill")], []),
        ([spec(160, "JPEG"), spec(2048, "JPEG")], []),
    ],
)
def test_a_format_that_browsers_prefer_is_there_in_every_width(settings, versions, found):
    settings.POLYIMAGES = {"VERSIONS": versions}
    messages = checks.check_widths()
    assert ids(messages) == ["polyimages.W047"] * len(found)
    for message, widths in zip(messages, found, strict=True):
        assert f"a width of {widths} pixels" in message.msg
    settings.POLYIMAGES = {"VERSIONS": versions[::-1]}
    assert len(checks.check_widths()) == len(found)


def test_the_default_versions_have_no_gap():
    assert checks.check_widths() == []


@pytest.mark.parametrize(("limit", "found"), [(50, []), (49, ["polyimages.W006"]), (None, [])])
def test_django_s_limit_of_files_is_not_below_ours(settings, limit, found):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = limit
    assert ids(checks.check_uploads()) == found


class Scanner(MemoryFileUploadHandler):
    """A host's own handler, which does not accept large requests either."""


def made_by_a_function(request):
    return Scanner(request)


@pytest.mark.parametrize(
    ("handlers", "found"),
    [
        ([MEMORY], ["polyimages.W007"]),
        ([f"{__name__}.Scanner"], ["polyimages.W007"]),
        ([MEMORY, "django.core.files.uploadhandler.TemporaryFileUploadHandler"], []),
        ([f"{__name__}.made_by_a_function"], []),
    ],
)
def test_a_handler_takes_large_requests(settings, handlers, found):
    settings.FILE_UPLOAD_HANDLERS = handlers
    assert ids(checks.check_uploads()) == found


@pytest.mark.parametrize(("largest", "arrived"), [(10, []), (1_000_000, ["file"])])
def test_without_such_a_handler_files_do_get_lost(settings, largest, arrived):
    settings.FILE_UPLOAD_HANDLERS = [MEMORY]
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = largest
    assert list(RequestFactory().post("/", {"file": upload_of(photo())}).FILES) == arrived


ENGINE = {"BACKEND": "django.template.backends.django.DjangoTemplates"}
JINJA = {"BACKEND": "django.template.backends.jinja2.Jinja2", "APP_DIRS": True}


@pytest.mark.parametrize(
    ("engines", "found"),
    [
        ([ENGINE], ["polyimages.W016"]),
        ([ENGINE | {"APP_DIRS": True}], []),
        ([JINJA], ["polyimages.W016"]),
        ([JINJA, ENGINE], ["polyimages.W016"]),
        ([JINJA, ENGINE | {"APP_DIRS": True}], []),
        ([JINJA | {"OPTIONS": {"loader": DictLoader({"polyimages/picture.html": ""})}}], []),
        ([], []),
        ([{"BACKEND": "django.template.backends.dummy.TemplateStrings"}], []),
    ],
)
def test_the_picture_s_template_is_found(settings, engines, found):
    settings.TEMPLATES = engines
    assert ids(checks.check_templates()) == found


def test_a_project_with_jinja2_alone_is_told_what_to_add(settings):
    settings.TEMPLATES = [JINJA]
    [message] = checks.check_templates()
    assert "TEMPLATES has only Jinja2" in message.msg
    assert "DjangoTemplates" in message.hint
    settings.TEMPLATES = [JINJA, ENGINE]
    [message] = checks.check_templates()
    assert "APP_DIRS" in message.hint


def test_before_a_deployment_the_largest_request_is_told(settings):
    settings.POLYIMAGES = {"MAX_FILES": 3, "MAX_BYTES": 5_000_000}
    [message] = checks.check_request_size()
    assert message.id == "polyimages.I001"
    assert "15000000 bytes" in message.msg
    assert "client_max_body_size 16m;" in message.hint
    settings.POLYIMAGES = {"MAX_REQUEST_BYTES": 100 * 1024 * 1024}
    [message] = checks.check_request_size()
    assert "104857600 bytes" in message.msg
    assert "client_max_body_size 101m;" in message.hint
