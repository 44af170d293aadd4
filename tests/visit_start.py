"""Run by ``test_start`` in the project of docs/start.md: does what a reader would do."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, os.getcwd())  # as in manage.py
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"

import django

django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.test import Client  # noqa: E402

from tests.drawing import photo, upload_of  # noqa: E402


def main() -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("reader"))
    add_in_the_admin(client)
    refused = client.post("/products/1/", {"photos": [upload_of(b"text", "notes.jpg")]})
    assert "notes.jpg: " in refused.text, refused.text
    sent = client.post("/products/1/", {"photos": [upload_of(photo()), upload_of(photo())]})
    assert sent.status_code == 302, sent.text
    assert pictures(client, "/products/1/") == 3
    assert pictures(client, "/") == 1
    assert len(list(Path("originals/images").glob("*.jpg"))) == 3
    assert list(Path("media/images").glob("*.jpg")) == []
    assert len(list(Path("media/images").glob("*.webp"))) == 12
    assert Client(SERVER_NAME="127.0.0.1").get("/products/1/").status_code == 302
    print("shown")  # noqa: T201


def add_in_the_admin(client: Client) -> None:
    team = Group.objects.create(name="Team")
    form = client.get("/admin/catalog/product/add/").text
    [prefix] = set(re.findall(r'name="([\w-]+)-TOTAL_FORMS"', form))
    data = {
        "name": "Vase",
        "team": team.pk,
        f"{prefix}-TOTAL_FORMS": 0,
        f"{prefix}-INITIAL_FORMS": 0,
        f"{prefix}-uploads": [upload_of(photo())],
    }
    added = client.post("/admin/catalog/product/add/", data)
    assert added.status_code == 302, added.text


def pictures(client: Client, page: str) -> int:
    """The number of pictures on a page; also checks that each can be downloaded."""
    html = client.get(page).text
    for url in re.findall(r'<img src="([^"]+)"', html):
        assert client.get(url).status_code == 200, url
    return html.count("<img ")


if __name__ == "__main__":
    main()
