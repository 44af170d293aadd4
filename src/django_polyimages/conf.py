"""The setting ``POLYIMAGES`` as a frozen dataclass."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any, Final, Literal, get_args

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from django_polyimages.formats import FORMATS, OriginalFormat
from django_polyimages.specs import DEFAULT_VERSIONS, VersionSpec

DEFAULT_ORGANIZATION: Final = "polyimages.DefaultOrganization"
"""The organization of all images where ``ORGANIZATION_MODEL`` is None."""
PlaceholderKind = Literal["preview", "color", "none"]
OriginalMetadata = Literal["keep", "strip"]
MAX_PIXELS: Final[Mapping[OriginalFormat, int]] = {
    "JPEG": 50_000_000,
    "PNG": 50_000_000,
    "WEBP": 20_000_000,
    "GIF": 50_000_000,
    "AVIF": 25_000_000,
}
"""The default maximum by format, so that a file needs at most 350 MB, see ``pixels/memory`` and
``benchmarks/worst_files.py``. The libraries of WebP and AVIF alone need 16 and 11 to 14 bytes per
pixel; those rare AVIF files that have 12 bits, transparency and film grain need up to 26.
"""


_OPTIONAL: Final[Mapping[str, type]] = {"original_storage": str, "url_window": int}
"""The type of options that may be None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of ``POLYIMAGES``, with names in lower case."""

    organization_model: str = "auth.Group"
    """The organization model, as ``app_label.Model``; None for a project without organizations."""
    organization_policy: str = "django_polyimages.policies.GroupPolicy"
    """Dotted path of the class that decides who may do what, see ``policies``. Without
    organizations the default is ``StaffPolicy``.
    """
    image_model: str = "polyimages.Image"
    """The image model, as ``app_label.Model``."""
    relation_model: str = "polyimages.PolymorphicImageRelation"
    """The relation model, as ``app_label.Model``."""
    versions: tuple[VersionSpec, ...] = DEFAULT_VERSIONS
    """The versions that are generated for every original."""
    storage: str = "polyimages"
    """The alias in ``STORAGES``; ``default`` is used if this alias does not exist."""
    original_storage: str | None = None
    """The alias in ``STORAGES`` of a storage for originals alone, which nobody reaches by a URL.
    None stores them next to their versions.
    """
    original_metadata: OriginalMetadata = "keep"
    """``strip`` removes position and personal data from an original before it is stored, without
    touching its pixels; ``keep`` stores it as it was uploaded.
    """
    upload_prefix: str = "images/"
    """The prefix of every key."""
    formats: tuple[OriginalFormat, ...] = tuple(FORMATS)
    """The accepted formats. No other decoder is ever started."""
    max_bytes: int = 20 * 1024 * 1024
    """The maximum size of an original in bytes."""
    max_pixels: int | Mapping[OriginalFormat, int] = field(default_factory=lambda: MAX_PIXELS)
    """The maximum number of pixels of an original, for all formats, or by format; those that are
    not named keep their default. Only the first frame is decoded.
    """
    max_files: int = 50
    """The maximum number of files in one bulk upload or form field."""
    max_request_bytes: int = 256 * 1024 * 1024
    """The maximum size of the files of one upload request in the HTTP API, in bytes."""
    max_ids: int = 1000
    """The maximum number of ids in one bulk request."""
    max_images_per_object: int = 1000
    """The maximum number of images that are attached to one object."""
    max_concurrency: int = 2
    """How many originals one process decodes at the same time; more need more memory."""
    max_memory: int = 768 * 1024 * 1024
    """How many bytes the originals that one process decodes at the same time may need."""
    url_window: int | None = None
    """For how many seconds a signed URL stays the same, so that browsers do not load a file again.
    None signs it anew each time.
    """
    max_wait: int = 30
    """How many seconds an upload may wait until other originals are decoded."""
    storage_timeout: int = 20
    """How many seconds a request waits for the storage in all."""
    webp_method: int = 4
    """Effort of the WebP encoder, from 0 (fast) to 6 (small); 2 takes half the time of 4."""
    placeholder: PlaceholderKind = "preview"
    """What is shown while a picture loads: a blurred ``preview``, its dominant ``color``, or
    ``none``, for a Content-Security-Policy without inline styles or ``data:`` URLs.
    """
    generate: str = "inline"
    """Who generates versions: ``inline`` the request, ``task`` a worker of Django's task framework,
    or the dotted path of a function that gives jobs to another engine, see ``tasks``.
    """
    task_backend: str = "default"
    """The alias in ``TASKS``, for ``GENERATE: "task"``."""
    task_queue: str = "default"
    """The name of the queue, for ``GENERATE: "task"``."""
    task_attempts: int = 5
    """How often workers try to generate the versions of an image before it is ``failed``."""

    def pixels_of(self, name: OriginalFormat) -> int:
        """The maximum number of pixels of an original of this format."""
        if isinstance(self.max_pixels, int):
            return self.max_pixels
        return self.max_pixels.get(name, MAX_PIXELS[name])

    @property
    def has_organizations(self) -> bool:
        """Whether images belong to organizations of the host."""
        return self.organization_model != DEFAULT_ORGANIZATION

    @property
    def versions_at_upload(self) -> tuple[VersionSpec, ...]:
        """The versions that an upload generates at once: with a task engine only the smallest one,
        so that there is always a picture to show. It is of the whole picture if any version is.
        """
        if self.generate == "inline":
            return self.versions
        return (
            min(self.versions, key=lambda spec: (spec.mode != "fit", spec.width * spec.height)),
        )

    @property
    def version_names(self) -> tuple[str, ...]:
        """The names of the versions, in the order of the setting."""
        return tuple(spec.name for spec in self.versions)


def load_settings(options: Mapping[str, Any]) -> Settings:
    """Check the host's options and fill in the defaults.

    Raises ``ImproperlyConfigured`` with the option, what is wrong and what is allowed.
    """
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"POLYIMAGES must be a dict, not {options!r}.")
    known = {field.name.upper(): field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in options.items():
        if key not in known:
            raise ImproperlyConfigured(_unknown_key(key, list(known)))
        values[known[key]] = tuple(value) if isinstance(value, list) else value
    if values.get("organization_model", "") is None:
        without = {"organization_policy": "django_polyimages.policies.StaffPolicy"}
        values = without | values | {"organization_model": DEFAULT_ORGANIZATION}
    settings = Settings(**values)
    for message in _complaints(settings):
        raise ImproperlyConfigured(f"POLYIMAGES: {message}")
    return settings


@cache
def get_settings() -> Settings:
    """The current options, read once, and again after ``override_settings``."""
    return load_settings(getattr(django_settings, "POLYIMAGES", {}))


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "POLYIMAGES":
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_polyimages.conf")


def _unknown_key(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(str(key).upper(), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}."
    return f"POLYIMAGES has the unknown key {key!r}: {hint}"


def _complaints(settings: Settings) -> Iterator[str]:
    """What is wrong, the types first: the others rely on them."""
    yield from _wrong_types(settings)
    yield from _wrong_versions(settings)
    yield from _wrong_values(settings)


def _wrong_types(settings: Settings) -> Iterator[str]:
    for option in fields(settings):
        value: Any = getattr(settings, option.name)
        if option.default is MISSING:
            yield from _wrong_pixels(value)
            continue
        if option.default is None and value is None:
            continue
        wanted: type = _OPTIONAL.get(option.name) or type(option.default)
        if not isinstance(value, wanted) or isinstance(value, bool):
            yield f"{option.name.upper()} must be of type {wanted.__name__}, not {value!r}."
        elif isinstance(value, int) and value < 1 and option.name != "webp_method":
            yield f"{option.name.upper()} must be positive, not {value!r}."


def _wrong_pixels(value: Any) -> Iterator[str]:
    limits = value if isinstance(value, Mapping) else {"JPEG": value}
    if not all(type(limit) is int and limit > 0 for limit in limits.values()):
        hint = "Write an int, or a dict of ints by format."
        yield f"MAX_PIXELS must be positive, not {value!r}. {hint}"
    if unknown := [name for name in limits if name not in tuple(FORMATS)]:
        yield f"MAX_PIXELS has the unknown format {unknown[0]!r}: choose from {', '.join(FORMATS)}."


def _wrong_versions(settings: Settings) -> Iterator[str]:
    if not settings.versions:
        yield "VERSIONS is empty; it needs at least one VersionSpec."
    for spec in settings.versions:
        if not isinstance(spec, VersionSpec):
            yield (
                f"VERSIONS must contain VersionSpec objects, not {spec!r}: write "
                'VersionSpec("thumb", 160, 160), imported from django_polyimages.'
            )
    for attribute in ("name", "suffix"):
        values = [getattr(spec, attribute) for spec in settings.versions]
        if len(set(values)) < len(values):
            yield f"VERSIONS: two specs have the same {attribute}: {values}."


def _wrong_values(settings: Settings) -> Iterator[str]:
    for option in ("organization_model", "image_model", "relation_model"):
        label: str = getattr(settings, option)
        if not re.fullmatch(r"\w+\.\w+", label):
            yield f"{option.upper()} must have the form 'app_label.Model', not {label!r}."
    if not settings.formats or any(name not in tuple(FORMATS) for name in settings.formats):
        yield f"FORMATS is {settings.formats!r}: choose from {', '.join(FORMATS)}."
    if settings.max_request_bytes < settings.max_bytes:
        yield (
            f"MAX_REQUEST_BYTES is {settings.max_request_bytes}, less than MAX_BYTES "
            f"({settings.max_bytes}): a file of that size could not be sent."
        )
    prefix = settings.upload_prefix
    if not re.fullmatch(r"(?:[\w-][\w.-]*/)+", prefix, re.ASCII):
        yield (
            "UPLOAD_PREFIX must be a relative folder that ends with a slash, such as 'images/', "
            f"not {prefix!r}."
        )
    if settings.webp_method not in range(7):
        yield f"WEBP_METHOD must be from 0 to 6, not {settings.webp_method!r}."
    for option, kind in (("placeholder", PlaceholderKind), ("original_metadata", OriginalMetadata)):
        value, allowed = getattr(settings, option), get_args(kind)
        if value not in allowed:
            choices = ", ".join(map(repr, allowed))
            yield f"{option.upper()} must be one of {choices}, not {value!r}."
    if settings.generate not in ("inline", "task") and "." not in settings.generate:
        yield (
            "GENERATE must be 'inline', 'task' or the dotted path of a function, not "
            f"{settings.generate!r}."
        )
