"""The setting ``POLYIMAGES`` as a frozen dataclass."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, get_args

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from django_polyimages.formats import FORMATS, OriginalFormat
from django_polyimages.specs import DEFAULT_VERSIONS, VersionSpec

PlaceholderKind = Literal["preview", "color", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of ``POLYIMAGES``, with names in lower case."""

    organization_model: str = "auth.Group"
    """The organization model, as ``app_label.Model``."""
    organization_policy: str = "django_polyimages.policies.GroupPolicy"
    """Dotted path of the class that decides who may do what, see ``policies``."""
    image_model: str = "polyimages.Image"
    """The image model, as ``app_label.Model``."""
    relation_model: str = "polyimages.PolymorphicImageRelation"
    """The relation model, as ``app_label.Model``."""
    versions: tuple[VersionSpec, ...] = DEFAULT_VERSIONS
    """The versions that are generated for every original."""
    storage: str = "polyimages"
    """The alias in ``STORAGES``; ``default`` is used if this alias does not exist."""
    upload_prefix: str = "images/"
    """The prefix of every key."""
    formats: tuple[OriginalFormat, ...] = tuple(FORMATS)
    """The accepted formats. No other decoder is ever started."""
    max_bytes: int = 20 * 1024 * 1024
    """The maximum size of an original in bytes."""
    max_pixels: int = 50_000_000
    """The maximum number of pixels of an original; only the first frame is decoded."""
    max_files: int = 50
    """The maximum number of files in one bulk upload or form field."""
    max_ids: int = 1000
    """The maximum number of ids in one bulk request."""
    max_images_per_object: int = 1000
    """The maximum number of images that are attached to one object."""
    max_concurrency: int = 2
    """How many originals one process decodes at the same time; more need more memory."""
    webp_method: int = 4
    """Effort of the WebP encoder, from 0 (fast) to 6 (small); 2 takes half the time of 4."""
    placeholder: PlaceholderKind = "preview"
    """What is shown while a picture loads: a blurred ``preview``, its dominant ``color``, or
    ``none``, for a Content-Security-Policy without inline styles or ``data:`` URLs.
    """
    generate: str = "inline"
    """When versions are generated; ``inline`` means during the upload."""

    @property
    def version_names(self) -> tuple[str, ...]:
        """The names of the versions, in the order of the setting."""
        return tuple(spec.name for spec in self.versions)


def load_settings(options: Mapping[str, Any]) -> Settings:
    """Check the host's options and fill in the defaults.

    Raises ``ImproperlyConfigured`` with the option, what is wrong and what is allowed.
    """
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"POLYIMAGES is {options!r}, it must be a dict.")
    known = {field.name.upper(): field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in options.items():
        if key not in known:
            raise ImproperlyConfigured(_unknown_key(key, list(known)))
        values[known[key]] = tuple(value) if isinstance(value, list) else value
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
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}."
    return f"POLYIMAGES has the unknown key {key!r}: {hint}"


def _complaints(settings: Settings) -> Iterator[str]:
    """What is wrong, the types first: the others rely on them."""
    yield from _wrong_types(settings)
    yield from _wrong_versions(settings)
    yield from _wrong_values(settings)


def _wrong_types(settings: Settings) -> Iterator[str]:
    for field in fields(settings):
        value: Any = getattr(settings, field.name)
        wanted: type = type(field.default)
        if not isinstance(value, wanted) or isinstance(value, bool):
            yield f"{field.name.upper()} is {value!r}, not of type {wanted.__name__}."
        elif isinstance(value, int) and value < (0 if field.name == "webp_method" else 1):
            yield f"{field.name.upper()} is {value!r}, it must be positive."


def _wrong_versions(settings: Settings) -> Iterator[str]:
    if not settings.versions:
        yield "VERSIONS is empty, name at least one VersionSpec."
    for spec in settings.versions:
        if not isinstance(spec, VersionSpec):
            yield (
                f"VERSIONS must hold VersionSpec objects, not {spec!r}: write "
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
            yield f"{option.upper()} is {label!r}, it must be of the form 'app_label.Model'."
    if not settings.formats or any(name not in tuple(FORMATS) for name in settings.formats):
        yield f"FORMATS {settings.formats!r}: choose from {', '.join(FORMATS)}."
    prefix = settings.upload_prefix
    if not re.fullmatch(r"(?:[\w-][\w.-]*/)+", prefix, re.ASCII):
        yield (
            f"UPLOAD_PREFIX is {prefix!r}: a relative folder that ends with a slash, as 'images/'."
        )
    if settings.webp_method not in range(7):
        yield f"WEBP_METHOD is {settings.webp_method!r}, allowed are 0 to 6."
    placeholders = get_args(PlaceholderKind)
    if settings.placeholder not in placeholders:
        choices = ", ".join(map(repr, placeholders))
        yield f"PLACEHOLDER is {settings.placeholder!r}, allowed are {choices}."
    if settings.generate != "inline":
        yield f"GENERATE is {settings.generate!r}, allowed is 'inline'."
