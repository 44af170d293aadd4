"""All checks together: on whole projects, and compared with their documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

import django_polyimages
from tests.helpers import told_by_check

# Some of Django's own checks query the version of each database.
pytestmark = pytest.mark.django_db(databases="__all__")

ROOT = Path(__file__).parents[2]
PACKAGE = Path(django_polyimages.__file__).parent
SOURCES = sorted([*PACKAGE.glob("checks/*.py"), *PACKAGE.glob("*/**/checks.py")])


def ids_in(text: str) -> list[str]:
    return re.findall(r"polyimages\.[EWI]\d{3}", text)


def test_every_check_is_documented_and_nothing_else():
    used = [found for source in SOURCES for found in ids_in(source.read_text())]
    rows = [
        line.split("|")[1]
        for line in (ROOT / "docs/checks.md").read_text().splitlines()
        if line.startswith("| `polyimages.")
    ]
    documented = [found for row in rows for found in ids_in(row)]
    assert len(used) > 30
    assert sorted(used) == sorted(documented)


def test_the_example_project_has_no_complaints():
    assert [one for one in run_checks() if one.id.startswith("polyimages.")] == []


def test_only_a_deployment_is_told_of_the_web_server(capsys):
    call_command("check", "--deploy", "--tag", "security")
    assert "polyimages.I001" in capsys.readouterr().err
    call_command("check", "--tag", "security")
    assert "polyimages" not in capsys.readouterr().err


S3 = {"POLYIMAGES_S3_BUCKET": "x", "POLYIMAGES_S3_ENDPOINT": "https://a.r2.cloudflarestorage.com"}


@pytest.mark.parametrize(
    ("module", "variables", "silenced"),
    [
        ("config.settings", {}, 0),
        ("config.settings", S3, 0),
        ("tests.settings_default", {}, 1),
        ("tests.settings_plain", {}, 1),
    ],
)
def test_a_project_in_order_hears_nothing(module, variables, silenced, tmp_path):
    told = told_by_check(module, folder=tmp_path, **variables)
    assert told == f"System check identified no issues ({silenced} silenced).\n"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            'INSTALLED_APPS = ["contacts", "django_polyimages"]',
            'django_polyimages needs "django.contrib.contenttypes" in INSTALLED_APPS.',
        ),
        (
            'INSTALLED_APPS = ["django.contrib.contenttypes", "django_polyimages"]',
            "POLYIMAGES['ORGANIZATION_MODEL'] is 'auth.Group', a model that is not installed: No "
            "installed app with label 'auth'. Add \"django.contrib.auth\" to INSTALLED_APPS or "
            "name another model.",
        ),
        (
            'POLYIMAGES = {"RELATION_MODEL": "shops.Use"}',
            "POLYIMAGES['RELATION_MODEL'] is 'shops.Use', a model that is not installed: No "
            "installed app with label 'shops'. Add its app to INSTALLED_APPS or name another "
            "model.",
        ),
        (
            'POLYIMAGES = {"MAX_BYTE": 1}',
            "POLYIMAGES has the unknown key 'MAX_BYTE': did you mean 'MAX_BYTES'?",
        ),
    ],
)
def test_what_no_check_can_say_ends_a_traceback_in_one_sentence(line, sentence, tmp_path):
    told = told_by_check("tests.settings_default", line, folder=tmp_path)
    assert told.endswith(f"ImproperlyConfigured: {sentence}\n")
    assert told.count("Traceback") == 1


def test_a_wrong_option_is_found_before_any_model_is_imported(tmp_path):
    line = 'POLYIMAGES = {"MAX_BYTE": 1}; INSTALLED_APPS.insert(0, "contacts")'
    assert "models" not in told_by_check("tests.settings_default", line, folder=tmp_path)


def test_a_wrong_version_spec_ends_in_the_settings_themselves(tmp_path):
    lines = [
        "from django_polyimages import VersionSpec",
        'POLYIMAGES = {"VERSIONS": [VersionSpec("Thumb", 160, 160)]}',
    ]
    told = told_by_check("tests.settings_default", *lines, folder=tmp_path)
    assert 'host_settings.py", line 3' in told
    assert told.endswith(
        "ValueError: version 'Thumb': a name must consist of lower case letters, digits and single "
        "underscores\n"
    )
