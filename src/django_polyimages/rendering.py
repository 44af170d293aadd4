"""Renders images as HTML, for template tags and everything else that shows images.

It reads only the row: no storage call, and no query if images were prefetched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from django_polyimages.conf import PlaceholderKind, get_settings
from django_polyimages.formats import BEST_FIRST, FORMATS
from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.versions import Version

__all__ = ["Picture", "Source", "image_link", "picture"]

SRC_WIDTH = 1024
"""Maximum width of the version in ``src``, for programs that do not support ``srcset``."""
IMG_ONLY = {
    *("crossorigin", "decoding", "elementtiming", "fetchpriority", "height", "ismap", "loading"),
    *("referrerpolicy", "sizes", "src", "srcset", "usemap", "width"),
}
"""Attributes that other elements do not have."""
_OBJECT_FIT = re.compile(r"object-fit:\s*(contain|cover|fill)\b")
_BACKGROUND_SIZES = {"contain": "contain", "cover": "cover", "fill": "100% 100%"}


@dataclass(frozen=True, slots=True)
class Source:
    """The versions of one media type, for ``srcset``."""

    media_type: str
    versions: Sequence[Version]
    """From narrow to wide, without duplicate widths."""

    @property
    def srcset(self) -> str:
        return ", ".join(f"{version.url} {version.width}w" for version in self.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as an element of a page; ``{{ picture }}`` is its HTML."""

    alt: str
    sizes: str
    sources: Sequence[Source]
    """By media type, the best compressed one first, without cropped versions. The last one is for
    ``<img>``. Empty while no version is ready.
    """
    placeholder: Mapping[str, Any]
    """``src``, ``width`` and ``height`` of what is shown while no version is ready, if anything."""
    extra: Mapping[str, Any]
    """Further attributes of ``<img>``."""

    @property
    def attributes(self) -> SafeString:
        """The attributes of ``<img>``. The browser reserves space according to width and height."""
        own = self._source() if self.sources else self.placeholder
        return flatatt({**own, "alt": self.alt, **self.extra})

    @property
    def missing_attributes(self) -> SafeString:
        """The attributes of the ``<span>`` that is there while nothing can be shown: those of
        ``<img>`` that every element may have. It keeps the meaning for screen readers.
        """
        extra = {name: value for name, value in self.extra.items() if name not in IMG_ONLY}
        classes = " ".join(filter(None, ["polyimages-missing", extra.pop("class", None)]))
        meaning = {"role": "img", "aria-label": self.alt} if self.alt else {"aria-hidden": "true"}
        return flatatt({"class": classes, **meaning, **extra})

    def _source(self) -> dict[str, Any]:
        versions = self.sources[-1].versions
        src = ([one for one in versions if one.width <= SRC_WIDTH] or versions[:1])[-1].url
        srcset = {"srcset": self.sources[-1].srcset, "sizes": self.sizes}
        size = {"width": versions[-1].width, "height": versions[-1].height}
        return {"src": src, **(srcset if len(versions) > 1 else {}), **size}

    def __html__(self) -> SafeString:
        return render_to_string("polyimages/picture.html", {"picture": self})

    __str__ = __html__


def picture(
    subject: AbstractImage | AbstractImageRelation,
    *,
    sizes: str | None = "100vw",
    version: str | None = None,
    lazy: bool = True,
    priority: bool = False,
    decorative: bool = False,
    placeholder: PlaceholderKind | None = None,
    **attributes: Any,
) -> Picture:
    """``subject``, an image or a relation, as a responsive picture.

    ``sizes`` says how wide it is shown, like the HTML attribute. ``version`` shows only this one,
    or the next best while it is not ready; it is required for a version that fills its box, which
    is never part of ``srcset``. ``priority`` is for the main picture at the top of a page: it is
    loaded first and not lazily. ``decorative`` hides it from screen readers. ``placeholder`` is
    what is shown while it loads: ``"preview"``, ``"color"`` or ``"none"``, by default as in the
    settings. Other keywords are attributes of ``<img>``; underscores become hyphens.

    ``None`` and an empty text mean the default; ``alt`` is then empty, as for ``decorative``.

    Raises ``TypeError`` if ``subject`` is no image, ``KeyError`` for a name that no spec has, and
    ``ValueError`` for an unknown placeholder.
    """
    image = image_of(subject)
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    own_style = str(named.pop("style", None) or "")
    sources = _only(image, version) if version else _sources(image)
    shown = _crop_of(sources, image) or f"center / {_size_of_background(own_style)}"
    styles = [_style(image, placeholder or get_settings().placeholder, shown), own_style]
    extra: dict[str, Any] = {"loading": "lazy"} if lazy and not priority else {}
    extra |= {"fetchpriority": "high"} if priority else {"decoding": "async"}
    extra |= _size_to_come(image, version)
    extra |= {"style": style} if (style := "; ".join(filter(None, styles))) else {}
    alt = named.pop("alt", subject.alt_text)
    return Picture(
        alt="" if decorative or alt is None else alt,
        sizes=sizes or "100vw",
        sources=sources,
        placeholder=_placeholder(image),
        extra=extra | named,
    )


def image_link(subject: AbstractImage | AbstractImageRelation, name: str) -> str:
    """The path of a view that asks who may see ``subject``, an image or a relation, and redirects
    to the URL that its version ``name`` has by then.

    For what is read later than a signed URL is valid, such as a mail. ``django_polyimages.urls``
    must be included, or else it raises ``NoReverseMatch``. Raises ``KeyError`` for a name that no
    spec has, and ``TypeError`` if ``subject`` is no image.
    """
    image = image_of(subject)
    image.version(name)
    return reverse("polyimages:image", args=[image.pk, name])


def image_of(subject: object, called: str = "The object") -> AbstractImage:
    """``subject`` itself, or the image of a relation.

    Raises ``TypeError`` for anything else; ``called`` is its name in the message.
    """
    image = subject.image if isinstance(subject, AbstractImageRelation) else subject
    if isinstance(image, AbstractImage):
        return image
    raise TypeError(
        f"{called} is neither an image nor a relation; its type is {type(subject).__name__}. "
        "Pass an image or one relation, such as the cover of an object."
    )


def _size_of_background(style: str) -> str:
    """The CSS that makes the placeholder as large as the picture, which covers it later.

    What a class says of ``object-fit`` is not known here: the same rule can set
    ``--placeholder-fit``. By default nothing of the placeholder is beside the picture.
    """
    found = _OBJECT_FIT.search(style)
    return _BACKGROUND_SIZES[found[1]] if found else "var(--placeholder-fit, contain)"


def _crop_of(sources: Sequence[Source], image: AbstractImage) -> str:
    """The CSS that shows the same part of the placeholder as a cropped version shows; or nothing.

    A percentage tells which point of the background lies over the same point of the element.
    """
    for version in [one for source in sources for one in source.versions]:
        if not _shows_all(version, image):
            wider = version.width * image.height / (version.height * image.width)
            point = image.focal_point
            across, down = _position(point.x, wider), _position(point.y, 1 / wider)
            return f"{across:.4g}% {down:.4g}% / cover"
    return ""


def _position(point: float, share: float) -> float:
    """Where ``share`` of a side lies that is centred on ``point`` as far as the edges allow."""
    if share >= 1:
        return 50
    return 100 * min(max(point - share / 2, 0), 1 - share) / (1 - share)


def _style(image: AbstractImage, placeholder: PlaceholderKind, shown: str) -> str:
    """The placeholder as a background, which an opaque picture covers once it is loaded."""
    if placeholder not in (kinds := get_args(PlaceholderKind)):
        raise ValueError(f"placeholder={placeholder!r}: choose from {', '.join(kinds)}.")
    if placeholder == "none" or not image.placeholder:
        return ""
    if placeholder == "color":
        return f"background: {image.dominant_color}"
    return f"background: url({image.placeholder}) {shown} no-repeat"


def _placeholder(image: AbstractImage) -> dict[str, Any]:
    if not image.placeholder:
        return {}
    return {"src": image.placeholder, "width": image.width, "height": image.height}


def _size_to_come(image: AbstractImage, version: str | None) -> dict[str, int]:
    """The width and height that a pending image has once it is ready, so that pages do not move."""
    every = [spec for spec in get_settings().versions if spec.mode == "fit"]
    specs = [spec for spec in every if version in (None, "", spec.name)]
    if image.status != image.Status.PENDING or not specs:
        return {}
    width, height = max(spec.target(image.width, image.height).size for spec in specs)
    return {"width": width, "height": height}


def _only(image: AbstractImage, name: str) -> list[Source]:
    version = image.version(name)
    return [] if version is None else [Source(version.media_type, [version])]


def _sources(image: AbstractImage) -> list[Source]:
    by_type: dict[str, dict[int, Version]] = {}
    for name in get_settings().version_names:
        version = image.versions.get(name)
        if version and _shows_all(version, image):
            by_type.setdefault(version.media_type, {})[version.width] = version
    return [
        Source(media_type, [by_width[width] for width in sorted(by_width)])
        for media_type, by_width in sorted(by_type.items(), key=_preference)
    ]


def _preference(source: tuple[str, Any]) -> int:
    ordered = [FORMATS[name].media_type for name in BEST_FIRST]
    return ordered.index(source[0]) if source[0] in ordered else len(ordered)


def _shows_all(version: Version, image: AbstractImage) -> bool:
    """Whether the version is not cropped: it has the original's proportions, to half a pixel."""
    skew = abs(version.width * image.height - version.height * image.width)
    return skew <= max(image.width, image.height)
