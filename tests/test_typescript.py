"""The TypeScript client of docs/http-api.md: types are generated, the code compiled and run."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from config.api import api
from django_polyimages.models import Image
from tests.drawing import photo
from tests.helpers import require

pytestmark = pytest.mark.slow
SOURCE = Path(__file__).parent / "typescript"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    """The folder of the compiled client, with types generated from the OpenAPI document."""
    require(Path(shutil.which("npm") or "npm"))
    folder = tmp_path_factory.mktemp("client") / "client"
    shutil.copytree(SOURCE, folder)
    document = json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"))
    (folder / "openapi.json").write_text(document)
    for command in (
        ["npm", "install", "--no-audit", "--no-fund", "--silent"],
        ["npx", "openapi-typescript", "openapi.json", "--output", "schema.d.ts"],
        ["npx", "tsc"],
    ):
        run(folder, command)
    return folder


def run(folder: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_version_is_a_typed_field(compiled):
    types = (compiled / "schema.d.ts").read_text()
    for name in ("thumb", "sm", "md", "lg"):
        assert f'{name}?: components["schemas"]["PolyimagesVersion"];' in types


def test_a_misspelled_field_does_not_compile(compiled):
    wrong = "export const f = (image: Image) => image.versions.big;"
    (compiled / "wrong.ts").write_text(f'import type {{ Image }} from "./client.js";\n{wrong}')
    done = subprocess.run(["npx", "tsc", "--noEmit"], cwd=compiled, capture_output=True, text=True)
    (compiled / "wrong.ts").unlink()
    assert "Property 'big' does not exist" in done.stdout


@pytest.mark.django_db(transaction=True)
def test_the_client_uploads_attaches_and_lists(compiled, live_server, editor, contact, tmp_path):
    client = Client()
    client.force_login(editor)
    (tmp_path / "photo.jpg").write_bytes(photo())
    arguments = [live_server.url, client.cookies["sessionid"].value, str(tmp_path / "photo.jpg")]
    told = json.loads(run(compiled, ["node", "build/run.js", *arguments, str(contact.pk)]))
    image = Image.objects.get()
    assert told == {
        "id": image.pk,
        "alt": "A door",
        "created": [True, False],
        "listed": [image.versions["sm"].url],
        "refused": (
            "Unsupported image format or damaged file. "
            "Supported formats: JPEG, PNG, WEBP, GIF, AVIF."
        ),
    }
    assert contact.images.get().is_cover
