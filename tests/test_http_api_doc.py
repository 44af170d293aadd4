"""docs/http-api.md describes what the API does.

``http_api_reference`` generates its reference from real calls. After a change of the API run
``UPDATE_DOCS=1 pytest tests/test_http_api_doc.py``.
"""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from django_polyimages.models import Image
from organizations.models import Membership
from tests.api import test_jwt
from tests.api.calls import CALLS
from tests.drawing import photo, upload_of
from tests.http_api_reference import EXAMPLES, World, reference
from tests.sending import sent

DOC = Path(__file__).parent.parent / "docs" / "http-api.md"
MARK = "<!-- written by tests/http_api_reference.py from here on -->\n"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="ids in the examples are SQLite's")
@pytest.mark.django_db(reset_sequences=True, transaction=True)
def test_the_reference_is_what_the_api_answers(acme, contact):
    for name, role in (("editor", "editor"), ("viewer", "viewer"), ("stranger", "")):
        user = User.objects.create_user(name)
        if role:
            Membership.objects.create(user=user, organization=acme, role=role)
    client = Client()
    client.force_login(editor := User.objects.get(username="editor"))
    image, loose = (
        Image.objects.upload(upload_of(photo(), name), organization=acme, creator=editor)
        for name in ("door.jpg", "gate.jpg")
    )
    contact.images.attach(image)
    upload = sent(organization=acme, creator=editor)
    text, mark, _old = DOC.read_text().partition(MARK)
    written = text + mark + "\n" + reference(World(client, image, loose, contact, upload))
    if os.environ.get("UPDATE_DOCS"):
        DOC.write_text(written)
    assert DOC.read_text() == written


def test_every_endpoint_has_an_example():
    assert {example.operation for example in EXAMPLES} == {call.operation for call in CALLS}


def test_the_recipe_for_tokens_is_the_one_that_is_tested():
    assert inspect.getsource(test_jwt.TokenAuth).strip() in DOC.read_text()


def test_the_typescript_client_is_the_one_that_is_tested():
    client = (Path(__file__).parent / "typescript" / "client.ts").read_text()
    assert client.strip() in DOC.read_text()


@pytest.mark.django_db
def test_the_python_examples_run(acme, contact, editor):
    text = DOC.read_text()
    [example] = re.findall(r"### From Python\n\n```python\n(.*?)```", text, re.DOTALL)
    names = {"contact": contact, "acme": acme, "file": upload_of(photo()), "user": editor}
    exec(example, names)
    assert contact.images.get().alt_text == "Front door"
    [in_a_view] = re.findall(r"```python\n(from django_polyimages.access .*?)```", text, re.DOTALL)
    exec(in_a_view, names)
    assert names["image"] == contact.images.get().image
