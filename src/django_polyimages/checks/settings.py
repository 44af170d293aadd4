"""Checks ``POLYIMAGES`` against Pillow and Django's settings.

Options that are invalid on their own raise ``ImproperlyConfigured`` in ``conf`` before any check.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from typing import Any

from django.conf import settings as django_settings
from django.core import checks
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.template import TemplateDoesNotExist, engines
from django.template.loader import get_template
from django.utils.module_loading import import_string

from django_polyimages.conf import get_settings
from django_polyimages.formats import BEST_FIRST, OriginalFormat, VersionFormat
from django_polyimages.pixels import resampling
from django_polyimages.pixels.memory import worst_of
from django_polyimages.pixels.support import is_supported, most_pixels

_MIB = 1024 * 1024
_MUCH_WIDER = 1.5
"""More than twice as many pixels."""
_FOR_DJANGO = (
    "{% picture %} fails.",
    'Set "APP_DIRS": True in TEMPLATES, or add "django.template.loaders.app_directories.Loader" to '
    "its loaders.",
)
_FOR_JINJA = (
    "picture() fails in Jinja2: it is a Django template, and TEMPLATES has only Jinja2.",
    'Add {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True} to '
    "TEMPLATES after Jinja2, or write a polyimages/picture.html in Jinja2.",
)


def check_pillow(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that Pillow supports the configured formats and accepts ``MAX_PIXELS``."""
    settings = get_settings()
    messages: list[checks.CheckMessage] = [
        checks.Error(
            f"Pillow cannot write {spec.format}, the format of the version {spec.name!r}.",
            hint=f"{_how_to_get(spec.format)} or give the VersionSpec another format, such as "
            'format="WEBP".',
            obj="POLYIMAGES",
            id="polyimages.E014",
        )
        for spec in settings.versions
        if not is_supported(spec.format)
    ]
    messages += [
        checks.Warning(
            f"Pillow cannot read {name}, so {name} files are rejected.",
            hint=f"{_how_to_get(name)} or leave {name} out of "
            'POLYIMAGES["FORMATS"], so that users are not told that they can upload it.',
            obj="POLYIMAGES",
            id="polyimages.W009",
        )
        for name in settings.formats
        if not is_supported(name)
    ]
    limits = most_pixels()
    most = max(settings.pixels_of(name) for name in settings.formats)
    if limits and most > limits[0]:
        messages.append(
            checks.Warning(
                f'POLYIMAGES["MAX_PIXELS"] is {most}, but Pillow warns about images of '
                f"more than {limits[0]} pixels (images are rejected where warnings are errors), "
                f"and rejects images of more than {limits[1]}.",
                hint=f"Lower MAX_PIXELS to {limits[0]}, or raise Pillow's limit in your settings: "
                f"PIL.Image.MAX_IMAGE_PIXELS = {most}.",
                obj="POLYIMAGES",
                id="polyimages.W008",
            )
        )
    return messages


def check_resizer(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the fast resizer is used if it is installed."""
    if not (problem := resampling.fault()):
        return []
    return [
        checks.Warning(
            f"cykooz-resizer is installed, but {problem}. Pillow scales images instead, which "
            "takes ten times as long.",
            hint='Install releases that fit: pip install --upgrade "django-polyimages[fast]". '
            "Or uninstall cykooz-resizer.",
            id="polyimages.W052",
        )
    ]


def check_memory(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that every original that ``MAX_PIXELS`` allows fits into ``MAX_MEMORY``."""
    settings = get_settings()
    needs = {name: worst_of(name, settings.pixels_of(name)) for name in settings.formats}
    return [
        checks.Warning(
            f"{name} files of {settings.pixels_of(name)} pixels may need {-(-need // _MIB)} MiB, "
            f'more than POLYIMAGES["MAX_MEMORY"] ({settings.max_memory // _MIB} MiB).',
            hint=f'Set "MAX_MEMORY" to {-(-need // _MIB)} * 1024 * 1024, if the server has as much '
            f'for each process, or "MAX_PIXELS": {{"{name}": '
            f"{_most_pixels_in(settings.max_memory, name)}}}.",
            obj="POLYIMAGES",
            id="polyimages.W020",
        )
        for name, need in needs.items()
        if need > settings.max_memory
    ]


def _most_pixels_in(memory: int, name: OriginalFormat) -> int:
    """How many pixels an original of this format may have that needs at most ``memory`` bytes."""
    return bisect_right(range(memory), memory, key=partial(worst_of, name)) - 1


def check_widths(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that a format has no gap where a less preferred one has a version.

    A browser takes the first format that it supports, however large the only file in it is.
    """
    widths = {name: _widths(name) for name in BEST_FIRST}
    messages: list[checks.CheckMessage] = []
    for position, better in enumerate(BEST_FIRST, 1):
        others = set().union(*(widths[other] for other in BEST_FIRST[position:]))
        gaps = sorted(one for one in others if _is_gap(one, widths[better]))
        if gaps:
            named = ", ".join(map(str, gaps))
            messages.append(
                checks.Warning(
                    f"VERSIONS has uncropped versions with a width of {named} pixels, but none in "
                    f"{better}, so browsers load larger {better} files than they need.",
                    hint=f'Add a VersionSpec with format="{better}" for each of these widths, or '
                    f"leave {better} out.",
                    obj="POLYIMAGES",
                    id="polyimages.W047",
                )
            )
    return messages


def _widths(name: VersionFormat) -> set[int]:
    """The widths that are offered in ``srcset``; cropped versions are not."""
    specs = get_settings().versions
    return {spec.width for spec in specs if spec.format == name and spec.mode == "fit"}


def _is_gap(width: int, widths: set[int]) -> bool:
    """Whether a browser that needs ``width`` finds only files that are much wider."""
    wider = [one for one in widths if one >= width]
    return bool(wider) and min(wider) > width * _MUCH_WIDER


def check_uploads(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that Django accepts requests that ``POLYIMAGES`` allows."""
    messages: list[checks.CheckMessage] = []
    wanted = get_settings().max_files
    allowed = django_settings.DATA_UPLOAD_MAX_NUMBER_FILES or wanted  # None means no limit
    if allowed < wanted:
        messages.append(
            checks.Warning(
                f'POLYIMAGES["MAX_FILES"] is {wanted}, but Django rejects requests of more than '
                f"{allowed} files.",
                hint=f"Set DATA_UPLOAD_MAX_NUMBER_FILES = {wanted}, or lower MAX_FILES to "
                f"{allowed}.",
                obj="POLYIMAGES",
                id="polyimages.W006",
            )
        )
    handlers = [import_string(path) for path in django_settings.FILE_UPLOAD_HANDLERS]
    if all(_takes_small_requests_only(handler) for handler in handlers):
        messages.append(
            checks.Warning(
                "FILE_UPLOAD_HANDLERS has no handler for large requests: the files of requests "
                "larger than FILE_UPLOAD_MAX_MEMORY_SIZE "
                f"({django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE} bytes) get lost.",
                hint='Add "django.core.files.uploadhandler.TemporaryFileUploadHandler" to it.',
                obj="FILE_UPLOAD_HANDLERS",
                id="polyimages.W007",
            )
        )
    return messages


def check_templates(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the template of pictures is found, if a template engine is used that has them."""
    kinds = {kind.__name__ for engine in engines.all() for kind in type(engine).__mro__}
    if not kinds & {"DjangoTemplates", "Jinja2"}:
        return []
    try:
        get_template("polyimages/picture.html")
    except TemplateDoesNotExist:
        problem, hint = _FOR_DJANGO if "DjangoTemplates" in kinds else _FOR_JINJA
        message = f"The template polyimages/picture.html is not found, so {problem}"
        return [checks.Warning(message, hint=hint, obj="TEMPLATES", id="polyimages.W016")]
    return []


def check_request_size(**kwargs: Any) -> list[checks.CheckMessage]:
    """Remind of the web server's limit before a deployment; its default is too low for a photo."""
    settings = get_settings()
    largest = min(settings.max_files * settings.max_bytes, settings.max_request_bytes)
    megabytes = -(-largest // _MIB) + 1  # 1 MiB for the rest of the form
    return [
        checks.Info(
            f"An upload may be up to {largest} bytes (MAX_REQUEST_BYTES, or MAX_FILES x MAX_BYTES "
            "if that is less). The web server must accept as much, and should reject more: forms "
            "of the admin, and servers that read the whole request first, have no other limit.",
            hint=f"With nginx: client_max_body_size {megabytes}m; (the default is 1m). Then "
            "silence this check.",
            obj="POLYIMAGES",
            id="polyimages.I001",
        )
    ]


def _takes_small_requests_only(handler: Any) -> bool:
    return isinstance(handler, type) and issubclass(handler, MemoryFileUploadHandler)


def _how_to_get(name: str) -> str:
    return f"Install Pillow's wheel, which supports {name} (pip install --force-reinstall Pillow),"
