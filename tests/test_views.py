"""Originals as downloads: who gets one, and that no browser opens it as a page."""

from __future__ import annotations

import time

import pytest
from django.core.files.storage import InMemoryStorage
from django.test import Client

from django_polyimages.models import Image
from django_polyimages.rendering import image_link
from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.signing import expiry_of
from django_polyimages.views import download, file_name_of
from organizations.images import Policy
from tests.api.calls import ROOT, get
from tests.builders import logged_in, uploaded
from tests.drawing import photo, quarters, to_bytes, upload_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(acme, originals) -> Image:
    return uploaded(acme)


class TestAccess:
    def test_a_member_gets_the_bytes_that_were_uploaded(self, client, image):
        response = client.get(image.url)
        assert response.getvalue() == photo()
        assert response.headers["Content-Length"] == str(len(photo()))

    def test_a_viewer_of_the_organization_does_too(self, acme, image):
        assert logged_in("viewer", acme, "viewer").get(image.url).status_code == 200

    def test_others_cannot_tell_it_from_an_image_that_does_not_exist(self, other, image):
        stranger = logged_in("stranger", other)
        missing = image.url.replace(str(image.pk), "999999")
        assert stranger.get(image.url).status_code == stranger.get(missing).status_code == 404
        assert logged_in("nobody").get(image.url).status_code == 404
        assert logged_in("root", is_superuser=True).get(image.url).status_code == 404

    def test_who_is_not_logged_in_is_sent_to_the_log_in_page(self, image):
        response = Client().get(image.url)
        assert response.status_code == 302
        assert response.url == f"/login/?next={image.url}"

    def test_the_policy_is_asked(self, client, image, monkeypatch):
        monkeypatch.setattr(Policy, "may", lambda self, user, action, *args: action != "view")
        assert client.get(image.url).status_code == 403

    def test_an_organization_that_the_policy_no_longer_finds_has_no_originals(
        self, client, image, monkeypatch
    ):
        monkeypatch.setattr(Policy, "get_organization", lambda self, slug: None)
        assert client.get(image.url).status_code == 404

    def test_membership_of_another_organization_opens_nothing(
        self, client, image, other, monkeypatch
    ):
        monkeypatch.setattr(Policy, "get_organization", lambda self, slug: other)
        monkeypatch.setattr(Policy, "is_member", lambda self, user, organization: True)
        assert client.get(image.url).status_code == 404

    @pytest.mark.parametrize("key", ["x", "01", "1/2", "%00", "９"])
    def test_what_is_no_id_is_not_found(self, client, image, key):
        assert client.get(f"/images/{key}/original/").status_code == 404

    def test_nothing_but_reading_is_allowed(self, client, image):
        assert client.post(image.url).status_code == 405

    def test_a_storage_that_is_down_is_a_503(self, client, image, originals, monkeypatch, caplog):
        def fail(*args):
            raise ConnectionError("https://bucket.example.com")

        monkeypatch.setattr(InMemoryStorage, "_open", fail)
        for url in (image.url, f"{ROOT}/acme/images/{image.pk}/original/"):
            response = client.get(url)
            assert (response.status_code, b"bucket" in response.content) == (503, False)
        assert response.json()["code"] == "storage_unavailable"
        assert "Reading the original" in caplog.text

    def test_an_original_that_is_missing_is_not_found(self, client, image, originals):
        originals.delete(image.key)
        assert client.get(image.url).status_code == 404


class TestHeaders:
    def test_a_page_in_a_picture_is_stored_by_the_browser(self, client, acme, originals):
        page = to_bytes(quarters(), "GIF", comment=b"<script>alert(1)</script>")
        image = Image.objects.upload(upload_of(page, "page.html"), organization=acme)
        assert client.get(image.url).headers.items() >= download(image).headers.items()
        headers = download(image).headers  # without what a middleware may add
        assert headers["Content-Type"] == "image/gif"
        assert headers["Content-Disposition"] == 'attachment; filename="page.html.gif"'
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert headers["Cache-Control"] == "private"

    def test_a_type_that_is_no_picture_s_is_not_told(self, client, image):
        Image.objects.filter(pk=image.pk).update(media_type="text/html")
        assert client.get(image.url).headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("door.jpg", "door.jpg"),
        ("Tür 7", "Tür 7.jpg"),
        ("a/b\\c:d", "a_b_c_d.jpg"),
        ('x"\r\nSet-Cookie: a=b', "x_Set-Cookie_ a=b.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe.jpg"),
        ("../..", "_.jpg"),
        ("x" * 255, "x" * 100 + ".jpg"),
        ("...", "img_0.jpg"),
        ("", "img_0.jpg"),
    ],
)
def test_the_file_is_called_like_the_image(title, name):
    assert file_name_of(Image(file="images/img_0.jpg", title=title)) == name


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("door.jpg", "door.jpg"),
        ("IMG_0042.JPG", "IMG_0042.jpg"),
        ("holiday.jpeg", "holiday.jpg"),
        ("logo.png", "logo.jpg"),  # the extension is that of the bytes, whatever the client said
        ("page.html", "page.html.jpg"),
        ("v1.2", "v1.2.jpg"),
        (".jpg", "jpg.jpg"),
        ("x" * 251 + ".jpg", "x" * 100 + ".jpg"),
        ("", "Front door.jpg"),
    ],
)
def test_the_file_keeps_its_name_whatever_the_title(file_name, name):
    image = Image(file="images/img_0.jpg", file_name=file_name, title="Front door")
    assert file_name_of(image) == name


class TestApi:
    def test_the_url_of_an_original_is_an_endpoint_that_asks(self, client, image, other):
        body = get(client, f"images/{image.pk}/").json()
        assert body["url"] == f"/api/v1/images/orgs/acme/images/{image.pk}/original/"
        assert get(client).json()["items"][0]["url"] == body["url"]
        assert client.get(body["url"]).getvalue() == photo()
        assert Client().get(body["url"]).status_code == 401
        stranger = logged_in("stranger", other)
        assert stranger.get(body["url"]).status_code == 403
        assert stranger.get(body["url"].replace("/acme/", "/other/")).status_code == 404

    def test_relations_have_it_too(self, client, image, contact):
        contact.images.attach(image)
        [relation] = get(client, f"images/contacts/contact/{contact.pk}/").json()["items"]
        assert client.get(relation["image"]["url"]).getvalue() == photo()

    def test_without_the_setting_it_is_the_url_of_the_storage(self, client, image, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": None}
        assert get(client, f"images/{image.pk}/").json()["url"] == f"/media/{image.key}"


class TestLinksToVersions:
    """``/images/<id>/versions/<name>/``, whose redirect is as new as the request."""

    @pytest.fixture
    def signed(self, settings, monkeypatch, image):
        """The versions have signed URLs, valid for ten minutes after a window of an hour."""
        options = {"region": "eu-central-1", "access_key": "AKIA", "secret_key": "secret"}
        entry = s3_storage("photos", **options, querystring_expire=600)
        settings.STORAGES = settings.STORAGES | {"polyimages": entry}
        settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
        return image

    def at(self, monkeypatch, seconds: int) -> None:
        """Let it be so many seconds after the beginning of a window."""
        monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0 + seconds)

    def test_a_member_is_sent_to_the_url_of_now(self, client, image):
        response = client.get(image_link(image, "sm"))
        assert (response.status_code, response.url) == (302, image.versions["sm"].url)
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert client.head(image_link(image, "sm")).status_code == 302

    @pytest.mark.parametrize(("seconds", "left"), [(0, 4140), (3599, 541)])
    def test_a_browser_may_keep_it_no_longer_than_the_signature(
        self, client, signed, monkeypatch, seconds, left
    ):
        self.at(monkeypatch, seconds)
        response = client.get(image_link(signed, "sm"))
        assert "X-Amz-Expires=4200" in response.url
        assert response.headers["Cache-Control"] == f"private, max-age={left}"

    def test_a_link_outlives_the_signature(self, client, signed, monkeypatch):
        link = image_link(signed, "sm")
        self.at(monkeypatch, 0)
        before = client.get(link).url
        self.at(monkeypatch, 30 * 24 * 3600)
        after = client.get(link).url
        assert expiry_of(before).timestamp() == 1_800_000_000 + 4200
        assert expiry_of(after).timestamp() == 1_800_000_000 + 30 * 24 * 3600 + 4200

    def test_a_signature_that_ends_at_once_is_not_kept(self, client, signed, settings, monkeypatch):
        settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": None}
        settings.STORAGES["polyimages"]["OPTIONS"]["querystring_expire"] = 30
        settings.STORAGES = dict(settings.STORAGES)
        self.at(monkeypatch, 0)
        headers = client.get(image_link(signed, "sm")).headers
        assert headers["Cache-Control"] == "private, max-age=0"

    def test_who_is_not_logged_in_comes_back_after_the_log_in(self, image):
        link = image_link(image, "sm")
        response = Client().get(f"{link}?from=mail")
        assert response.status_code == 302
        assert response.url == f"/login/?next={link}%3Ffrom%3Dmail"

    def test_others_cannot_tell_it_from_an_image_that_does_not_exist(self, other, image):
        link = image_link(image, "sm")
        missing = link.replace(f"/{image.pk}/", "/999999/")
        stranger = logged_in("stranger", other)
        assert stranger.get(link).status_code == stranger.get(missing).status_code == 404
        assert logged_in("nobody").get(link).status_code == 404
        assert logged_in("root", is_superuser=True).get(link).status_code == 404

    def test_a_member_who_may_not_view_it_cannot_tell_either(self, client, image, monkeypatch):
        monkeypatch.setattr(Policy, "may", lambda self, user, action, *args: action != "view")
        assert client.get(image_link(image, "sm")).status_code == 404

    def test_a_member_who_has_left_is_not_sent_on(self, client, editor, image):
        link = image_link(image, "sm")
        assert client.get(link).status_code == 302
        editor.memberships.all().delete()
        assert client.get(link).status_code == 404

    def test_the_next_best_version_is_better_than_none(self, client, image):
        versions = {"lg": image.versions["lg"]}
        Image.objects.filter(pk=image.pk).update(versions=versions)
        assert client.get(image_link(image, "sm")).url == versions["lg"].url
        Image.objects.filter(pk=image.pk).update(versions={})
        assert client.get(image_link(image, "sm")).status_code == 404

    @pytest.mark.parametrize("name", ["small", "SM", "..", "%00"])
    def test_a_version_that_no_spec_has_is_not_found(self, client, image, name):
        assert client.get(f"/images/{image.pk}/versions/{name}/").status_code == 404

    def test_nothing_but_reading_is_allowed(self, client, image):
        assert client.post(image_link(image, "sm")).status_code == 405
