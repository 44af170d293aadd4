from __future__ import annotations

import pytest

from django_polyimages.admin.titles import readable_status, readable_title
from django_polyimages.models import Image


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("photo-one.jpg", "photo one"),
        ("IMG_2043.JPG", "IMG 2043"),
        ("front__door--open.webp", "front door open"),
        ("Sommer 2024 - Teil-1.png", "Sommer 2024 - Teil-1"),
        ("日本.avif", "日本"),
        ("archive.tar.gif", "archive.tar"),
        ("Well-known gate", "Well-known gate"),
        ("Version 1.2", "Version 1.2"),
        ("portrait.psd", "portrait.psd"),
        (".jpg", ".jpg"),
        ("-.jpg", "-.jpg"),
        ("", "images/img_1.jpg"),
    ],
)
def test_the_name_of_a_file_is_shown_as_words_and_other_titles_as_they_are(title, shown):
    assert readable_title(Image(title=title, file="images/img_1.jpg")) == shown


def test_a_status_names_the_reason_of_a_failure():
    assert readable_status(Image(status="pending")) == "pending"
    failed = Image(status="failed", failure_reason="TimeoutError")
    assert readable_status(failed) == "failed: TimeoutError"
