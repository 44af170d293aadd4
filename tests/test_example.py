"""The example project as prepared by ``make demo``, with large pictures and the real API."""

from __future__ import annotations

import re
import socket

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.test import Client

from contacts.models import Contact
from django_polyimages.models import Image
from gallery.management.commands.demo import prepare_people
from organizations.models import Organization
from tests.drawing import photo, upload_of
from tests.helpers import storage_calls, stored_keys

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_the_demo_ends_at_a_page_with_pictures(monkeypatch, capsys, django_assert_num_queries):
    call_command("demo", "--no-server", "--port", "8001")
    told = capsys.readouterr().out
    assert "http://127.0.0.1:8001/api/v1/docs" in told
    assert "/login/ as demo / demo" in told
    assert "8 of 8: Lamp, cut out" in told
    assert len(stored_keys()) == 40
    upright = Image.objects.get(title="Dusk, held upright")
    assert (upright.width, upright.height) == (3024, 4032)
    assert upright.versions["lg"].height == 2048
    # contacts, products, and the relations of both with their images
    with storage_calls(monkeypatch) as calls, django_assert_num_queries(3):
        page = Client().get("/").content.decode()
    shown = re.findall(
        r'<img alt="[^"]+" [^>]+ srcset="/media/images/img_\w+_thumb.webp 1\d+w', page
    )
    assert len(shown) == 10
    assert calls == []

    call_command("demo", "--no-server")
    assert "already exist" in capsys.readouterr().out
    assert len(stored_keys()) == 40


class TestThePort:
    def test_that_is_used_is_told_before_anything_is_done(self, capsys):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with pytest.raises(CommandError, match=rf"Port {port} .*make demo PORT="):
                call_command("demo", "--port", str(port))
        assert capsys.readouterr().out == ""
        assert not User.objects.exists()

    def test_is_not_needed_without_a_server(self, monkeypatch):
        monkeypatch.setattr("gallery.management.commands.demo.upload_pictures", lambda _: [])
        with socket.create_server(("127.0.0.1", 0)) as server:
            call_command("demo", "--no-server", "--port", str(server.getsockname()[1]))


class TestLogIn:
    @pytest.fixture(autouse=True)
    def people(self):
        prepare_people()

    @pytest.mark.parametrize(("name", "admin"), [("demo", True), ("viewer", False)])
    def test_everybody_whom_the_demo_names_can(self, name, admin):
        client = Client()
        data = {"username": name, "password": name, "next": "/"}
        page = client.post("/login/", data, follow=True)
        assert page.redirect_chain == [("/", 302)]
        assert "Log out" in page.text
        assert ("/admin/" in page.text) == admin
        assert client.get("/api/v1/images/orgs/north/images/").status_code == 200

    def test_a_viewer_is_told_why_nothing_can_be_added(self):
        contact = Contact.objects.create(organization=Organization.objects.first(), name="Ada")
        anybody = Client().get(contact.get_absolute_url())
        assert f"/login/?next={contact.get_absolute_url()}" in anybody.text
        viewer = Client()
        viewer.login(username="viewer", password="viewer")
        assert "Only editors of North" in viewer.get(contact.get_absolute_url()).text

    def test_a_wrong_password_is_told(self):
        page = Client().post("/login/", {"username": "demo", "password": "x"})
        assert "Please enter a correct username and password" in page.text

    def test_whoever_logs_out_is_back_at_the_gallery(self, client):
        assert client.post("/logout/").url == "/"
        assert "Log in" in client.get("/").text


def test_an_empty_gallery_says_what_to_do():
    assert b"make demo" in Client().get("/").content


def test_an_object_without_images_says_so(acme):
    Contact.objects.create(organization=acme, name="Ada")
    assert b"No images yet." in Client().get("/").content


@pytest.mark.slow
def test_the_demo_stops_where_the_api_refuses(monkeypatch):
    monkeypatch.setattr("gallery.samples.as_jpeg", lambda *args, **options: b"no picture")
    with pytest.raises(CommandError, match="answered 400"):
        call_command("demo", "--no-server")


@pytest.mark.parametrize(
    "path", ["/admin/polyimages/image/", "/api/v1/docs", "/api/v1/openapi.json"]
)
def test_the_pages_named_by_the_demo_answer(admin_client, image, path):
    assert admin_client.get(path).status_code == 200


def test_the_interactive_docs_may_write(client):
    """Ninja puts the token into that page only if the whole API has session authentication."""
    assert 'data-api-csrf="true"' in client.get("/api/v1/docs").text


class TestObjectPage:
    def test_an_editor_adds_several_pictures(self, client, contact, editor):
        files = [upload_of(photo(), "a.jpg"), upload_of(photo(), "b.jpg")]
        response = client.post(contact.get_absolute_url(), {"pictures": files}, follow=True)
        assert [relation.title for relation in contact.images.all()] == ["a.jpg", "b.jpg"]
        assert {image.creator for image in Image.objects.all()} == {editor}
        assert b"b.jpg" in response.content

    def test_what_is_wrong_is_said_and_nothing_is_stored(self, client, product):
        files = [upload_of(photo(), "a.jpg"), upload_of(b"text", "b.jpg")]
        page = client.post(product.get_absolute_url(), {"pictures": files})
        assert b"b.jpg: Unsupported image format" in page.content
        assert stored_keys() == []

    def test_a_storage_that_fails_is_told_in_the_form(self, client, contact, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        page = client.post(contact.get_absolute_url(), {"pictures": upload_of(photo())})
        assert b"The storage is not responding" in page.content
        assert not Image.objects.exists()

    def test_others_look_and_cannot_add(self, contact, other):
        page = Client().get(contact.get_absolute_url())
        assert b'type="file"' not in page.content
        data = {"pictures": upload_of(photo())}
        assert Client().post(contact.get_absolute_url(), data).url.startswith("/login/?next=")
        stranger = User.objects.create_user("stranger")
        client = Client()
        client.force_login(stranger)
        assert client.post(contact.get_absolute_url(), data).status_code == 403
        assert not Image.objects.exists()
