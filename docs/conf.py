"""``make docs``: Sphinx over the pages of this folder, which read as well on a code host."""

from __future__ import annotations

from importlib.metadata import version as version_of

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

autodoc_class_signature = "separated"
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

nitpicky = True
# Names of others in signatures: no inventory is fetched, so the build needs no network.
nitpick_ignore_regex = [
    ("py:class", r"(collections|django|ninja)\..*"),
    ("py:class", r"(models\.)?Model|File|Sequence|AbstractBaseUser|AbstractUser"),
]
