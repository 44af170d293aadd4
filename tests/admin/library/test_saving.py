from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.core.files.storage import InMemoryStorage

from django_polyimages.admin import ImageAdmin
from django_polyimages.models import Image
from django_polyimages.pipeline import store
from tests.admin.conftest import LIST
from tests.drawing import REFUSED, photo, upload_of
from tests.helpers import decodes, stored_keys

pytestmark = pytest.mark.django_db
ADD = f"{LIST}add/"
CENTRE = {"focal_x": 0.5, "focal_y": 0.5}


def messages(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def refuse(*_args, **_kwargs):
    raise ConnectionResetError


class TestAnUpload:
    @pytest.fixture
    def data(self, acme):
        return {"upload": upload_of(photo()), "organization": acme.pk, "alt_text": "A gate"}

    def test_becomes_an_image_of_the_user(self, admin_client, admin_user, acme, data, monkeypatch):
        with decodes(monkeypatch) as calls:
            response = admin_client.post(ADD, data)
        assert response.status_code == 302
        assert len(calls) == 1
        image = Image.objects.get()
        assert (image.title, image.alt_text, image.description) == ("photo.jpg", "A gate", "")
        assert (image.creator, image.organization) == (admin_user, acme)
        assert (image.width, image.status) == (400, "ready")
        assert sorted(image.keys) == stored_keys()
        assert str(image.pk) in messages(response)[0]

    def test_can_be_looked_at_at_once(self, admin_client, data):
        page = admin_client.post(ADD, data | {"_continue": "", "title": "Gate"}, follow=True)
        assert page.redirect_chain[0][0] == f"{LIST}{Image.objects.get().pk}/change/"
        assert 'value="Gate"' in page.content.decode()

    @pytest.mark.parametrize("case", REFUSED)
    def test_is_refused_with_the_words_of_the_api(self, admin_client, client, data, case):
        name, content, _code = REFUSED[case]
        api = client.post(
            "/api/v1/images/orgs/acme/images/", {"file": upload_of(content, name)}
        ).json()["detail"]
        page = admin_client.post(ADD, data | {"upload": upload_of(content, name)})
        assert page.context["errors"] == [[f"{name}: {api}"]]
        assert stored_keys() == []

    def test_needs_a_file_and_an_organization(self, admin_client):
        page = admin_client.post(ADD, {})
        assert list(page.context["adminform"].form.errors) == ["upload", "organization"]

    def test_that_the_storage_refused_keeps_what_was_typed(self, admin_client, data, monkeypatch):
        looks, check = [], store.check
        monkeypatch.setattr(store, "check", lambda file: looks.append(file) or check(file))
        monkeypatch.setattr(InMemoryStorage, "_save", refuse)
        page = admin_client.post(ADD, data)
        assert len(looks) == 1  # the file is decoded only once
        html = page.content.decode()
        assert page.status_code == 200
        assert "The storage is not responding, so nothing was stored. Try again later." in html
        assert 'value="A gate"' in html
        assert not Image.objects.exists()
        assert stored_keys() == []
        monkeypatch.undo()
        data["upload"].seek(0)
        assert admin_client.post(ADD, data).status_code == 302

    def test_whose_versions_a_worker_generates_is_no_failure(self, admin_client, data, task_engine):
        response = admin_client.post(ADD, data)
        assert Image.objects.get().status == "pending"
        [message] = messages(response)
        assert "was added successfully" in message

    def test_with_a_version_that_failed_says_so(self, admin_client, data, monkeypatch):
        real = InMemoryStorage._save

        def save(self, name, content):
            return refuse() if "_sm" in name else real(self, name, content)

        monkeypatch.setattr(InMemoryStorage, "_save", save)
        response = admin_client.post(ADD, data)
        assert messages(response)[0] == (
            "These versions of “photo.jpg” could not be generated: sm (ConnectionResetError)."
        )
        assert Image.objects.get().status == "failed"

    def test_needs_the_permission(self, viewer, data):
        assert viewer.post(ADD, data).status_code == 403
        assert stored_keys() == []


class TestAChange:
    @pytest.fixture
    def url(self, image):
        return f"{LIST}{image.pk}/change/"

    def test_is_of_texts_and_not_of_files(self, admin_client, image, url, other):
        texts = {"title": "T", "alt_text": "A", "description": "D"}
        forged = {"width": 1, "organization": other.pk, "versions": "{}"}
        assert admin_client.post(url, texts | forged | CENTRE).status_code == 302
        before, image = image, Image.objects.get()
        assert (image.title, image.alt_text, image.description) == ("T", "A", "D")
        assert (image.width, image.organization) == (400, before.organization)
        assert image.versions == before.versions
        assert image.updated_at > before.updated_at

    def test_leaves_what_another_worker_records_meanwhile(
        self, admin_client, image, url, monkeypatch
    ):
        real = Image.full_clean

        def full_clean(self, *args, **kwargs):
            Image.objects.regenerate(Image.objects.get(), everything=True)
            return real(self, *args, **kwargs)

        monkeypatch.setattr(Image, "full_clean", full_clean)
        assert admin_client.post(url, {"title": "T"} | CENTRE).status_code == 302
        now = Image.objects.get()
        assert now.title == "T"
        assert set(now.keys) & set(image.keys) == {image.key}

    @pytest.mark.parametrize("value", ["-0.1", "1.1", "nan", "inf", "x", ""])
    def test_takes_no_point_outside_of_the_picture(self, admin_client, image, url, value):
        page = admin_client.post(url, CENTRE | {"focal_x": value})
        assert list(page.context["adminform"].form.errors) == ["focal_x"]


@pytest.mark.django_db(transaction=True)
class TestAFocalPoint:
    @pytest.fixture
    def url(self, square, image):
        return f"{LIST}{image.pk}/change/"

    def test_makes_again_what_depends_on_it(self, admin_client, image, url):
        Image.objects.regenerate(image)
        before = image.versions
        assert admin_client.post(url, {"focal_x": 0.9, "focal_y": 0.25}).status_code == 302
        now = Image.objects.get()
        assert (now.focal_x, now.focal_y, now.outdated_specs) == (0.9, 0.25, [])
        changed = {name for name in now.versions if now.versions[name] != before[name]}
        assert changed == {"square"}
        assert sorted(now.keys) == stored_keys()

    def test_that_stays_makes_nothing(self, admin_client, image, url):
        admin_client.post(url, {"title": "T"} | CENTRE)
        assert Image.objects.get().versions == image.versions

    def test_is_kept_where_the_versions_failed_and_the_user_is_told(
        self, admin_client, image, url, monkeypatch
    ):
        monkeypatch.setattr(InMemoryStorage, "_save", refuse)
        response = admin_client.post(url, {"title": "Gate", "focal_x": 0.9, "focal_y": 0.5})
        assert response.status_code == 302
        assert messages(response)[1] == (
            "These versions of “Gate” could not be generated: square (ConnectionResetError)."
        )
        assert Image.objects.get().focal_x == 0.9


def test_an_image_that_was_deleted_while_its_form_was_checked_is_a_404(
    admin_client, image, monkeypatch
):
    real = ImageAdmin.save_form

    def save_form(*args, **kwargs):
        Image.objects.filter(pk=image.pk).delete()
        return real(*args, **kwargs)

    monkeypatch.setattr(ImageAdmin, "save_form", save_form)
    data = CENTRE | {"title": "New", "organization": image.organization_id}
    assert admin_client.post(f"{LIST}{image.pk}/change/", data).status_code == 404
