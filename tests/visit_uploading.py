"""Run by ``test_start`` in its project after docs/guides/uploading.md: sends a file in steps."""

from __future__ import annotations

import os
import re
import sys
from html import unescape

sys.path.insert(0, os.getcwd())  # as in manage.py
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"

import django

django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.test import Client  # noqa: E402

from tests.drawing import photo  # noqa: E402

PAGE = "/products/1/photos/"


def main() -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    team = Group.objects.get()
    Group.objects.update(name="Sales & more #1")  # a name that a URL has to quote
    reader = User.objects.get(username="reader")
    reader.groups.add(team)
    client.force_login(reader)
    before = client.get("/products/1/").text.count("<img ")
    [url] = re.findall(r'data-uploads-url="([^"]+)"', client.get(PAGE).text)
    file = {"name": "door.jpg", "size": len(photo()), "type": "image/jpeg"}
    begun = client.post(unescape(url), file, content_type="application/json")
    assert begun.status_code == 200, (url, begun.text)
    place = begun.json()
    sent = client.put(place["url"], photo(), content_type="image/jpeg")
    assert sent.status_code in (200, 204), sent.text
    saved = client.post(PAGE, {"photos-upload": place["id"]})
    assert saved.status_code == 302, saved.text
    assert client.get(saved["Location"]).text.count("<img ") == before + 1
    print("sent")  # noqa: T201


if __name__ == "__main__":
    main()
