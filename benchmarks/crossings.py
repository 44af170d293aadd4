"""Counts how often an HTTP upload calls from one file, or folder, of the package into another.

A crossing is a call whose caller is in another file of ``django_polyimages``, in any thread. Run this
before and after a change of the layout: ``python benchmarks/crossings.py``.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "example_project")]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DATABASE_URL"] = "sqlite://:memory:"

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

import django_polyimages
from django_polyimages.pipeline import threads
from organizations.models import Membership, Organization
from tests.drawing import photo

ROOT = Path(django_polyimages.__file__).parent


def place_of(frame: FrameType | None) -> str:
    """The path of the file within the package; empty for a file outside it."""
    path = Path(frame.f_code.co_filename) if frame else Path()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else ""


def restart_threads() -> None:
    threads._forget()


def folder_of(place: str) -> str:
    """The folder a file is in, or the file itself at the top."""
    return place.rpartition("/")[0] or place


def main() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("editor", password="secret")
    organization = Organization.objects.create(name="Acme", slug="acme")
    Membership.objects.create(user=user, organization=organization, role="editor")
    client = Client()
    client.force_login(user)

    def upload() -> int:
        file = SimpleUploadedFile("photo.jpg", photo(1600, 1200), "image/jpeg")
        return client.post("/api/v1/images/orgs/acme/images/", {"file": file}).status_code

    assert upload() == 200  # do not count what happens on first use: imports, caches
    crossings: Counter[tuple[str, str]] = Counter()
    files: set[str] = set()

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        callee = place_of(frame) if event == "call" else ""
        if not callee:
            return
        files.add(callee)
        caller = frame.f_back
        while caller and not place_of(caller):
            caller = caller.f_back
        if caller and place_of(caller) != callee:
            crossings[place_of(caller), callee] += 1

    restart_threads()  # only threads that start after setprofile() are profiled
    threading.setprofile(profile)
    sys.setprofile(profile)
    assert upload() == 200
    sys.setprofile(None)
    for (caller, callee), number in sorted(crossings.items()):
        print(f"{number:4} {caller} -> {callee}")
    print(f"{len(files)} files, {crossings.total()} crossings")
    outside = Counter[tuple[str, str]]()
    for (caller, callee), number in crossings.items():
        if folder_of(caller) != folder_of(callee):
            outside[folder_of(caller), folder_of(callee)] += number
    folders = {folder_of(place) for place in files}
    print(f"{len(folders)} folders or modules, {outside.total()} crossings between them")


if __name__ == "__main__":
    main()
