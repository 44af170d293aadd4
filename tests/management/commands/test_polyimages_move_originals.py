from __future__ import annotations

from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError

from django_polyimages.models import Image
from tests.builders import uploaded
from tests.drawing import photo
from tests.helpers import stored_keys
from tests.management.commands.printed import printed

pytestmark = pytest.mark.django_db
run = partial(printed, "polyimages_move_originals")


@pytest.fixture
def image(acme, files, originals) -> Image:
    image = uploaded(acme)
    files.save(image.key, ContentFile(photo()))
    originals.delete(image.key)
    return image


def test_a_dry_run_only_counts(image, originals):
    assert run("--dry-run") == f"To move: 1 of 1 originals, {image.byte_size} bytes.\n"
    assert stored_keys(originals) == []


def test_it_moves_and_may_be_started_again(image, originals):
    assert run() == "Originals: 1 moved, 0 already there, 0 failed.\n"
    assert stored_keys(originals) == [image.key]
    assert run() == "Originals: 0 moved, 1 already there, 0 failed.\n"


def test_it_names_what_failed_and_fails(image, files, capsys):
    files.delete(image.key)
    with pytest.raises(CommandError, match="Some originals were not moved"):
        run()
    assert f"{image.pk}: {image.key}: FileNotFoundError" in capsys.readouterr().err


def test_without_the_setting_it_says_what_to_do(db):
    with pytest.raises(CommandError, match="ORIGINAL_STORAGE"):
        run("--dry-run")
