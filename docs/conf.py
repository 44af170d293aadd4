"""Sphinx configuration for ``make docs``. The pages are also readable on a code host."""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib.metadata import version as version_of
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for the documentation",  # noqa: S106
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django_polyimages",
    ],
    USE_TZ=True,
)
django.setup()

project = "django-polyimages"
author = "The django-polyimages developers"
version = release = version_of("django-polyimages")
copyright = author  # noqa: A001 (Sphinx's name)

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_copy_source = False
pygments_dark_style = "one-dark"
toc_object_entries_show_parents = "hide"

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

nitpicky = True
# Names of other packages in signatures: without an inventory the build needs no network.
nitpick_ignore_regex = [
    ("py:class", r"(collections|datetime|django|ninja)\..*"),
    ("py:class", r"(models\.)?Model|File|Sequence|AbstractBaseUser|AbstractUser|AnonymousUser"),
    ("py:class", r"HttpRequest|dict\[str"),
    ("py:class", r"(.*\.)?(RelationT|ImageT)"),
]


def setup(app: Any) -> None:
    app.connect("autodoc-process-signature", signature)


def signature(
    app: Any, kind: str, name: str, obj: Any, options: Any, arguments: str, returns: str
) -> tuple[str, None] | None:
    """Show only signatures of functions and values, not those of models, managers and fields."""
    is_value = is_dataclass(obj) or kind not in ("class", "exception")
    return ("", None) if arguments and not is_value else None
