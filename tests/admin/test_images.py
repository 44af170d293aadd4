from __future__ import annotations

import pytest

from django_polyimages.models import Image

pytestmark = pytest.mark.django_db


def test_the_list_shows_thumbnails(admin_client, image):
    page = admin_client.get("/admin/polyimages/image/").content.decode()
    thumb = image.versions["thumb"]
    assert f'src="{thumb.url}" width="80" height="60"' in page
    assert "400\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}300" in page


def test_an_image_without_a_thumbnail_is_listed_too(admin_client, image):
    Image.objects.update(versions={}, status="failed")
    page = admin_client.get("/admin/polyimages/image/").content.decode()
    assert image.title in page
    assert "_thumb" not in page


def test_texts_can_be_changed_and_files_cannot(admin_client, image):
    url = f"/admin/polyimages/image/{image.pk}/change/"
    data = {"title": "T", "alt_text": "A", "description": "D", "width": 1, **CENTRE}
    assert admin_client.post(url, data).status_code == 302
    image.refresh_from_db()
    assert (image.title, image.alt_text, image.description, image.width) == ("T", "A", "D", 400)
    assert admin_client.get("/admin/polyimages/image/add/").status_code == 403


def test_an_action_deletes_files_too(
    admin_client, image, django_capture_on_commit_callbacks, files
):
    data = {"action": "delete_selected", "_selected_action": image.pk, "post": "yes"}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post("/admin/polyimages/image/", data)
    assert not Image.objects.exists()
    assert not any(files.exists(key) for key in image.keys)
