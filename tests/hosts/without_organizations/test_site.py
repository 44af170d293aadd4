"""Nothing of the host names an organization, and everything works."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from django_polyimages.models import DefaultOrganization, Image
from tests.drawing import photo, upload_of
from tests.hosts.without_organizations.models import Article

pytestmark = pytest.mark.django_db
IMAGES = "/api/v1/images/orgs/default/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Lamps")


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    return client


def test_the_system_checks_have_no_complaints():
    call_command("check", fail_level="WARNING")


def test_a_user_gets_an_avatar(ada):
    relation = ada.images.attach(upload_of(photo(), "ada.jpg"), creator=ada)
    assert ada.images.cover() == relation
    assert relation.image.versions["thumb"].url.startswith("/media/images/")
    assert relation.image.organization == DefaultOrganization.objects.get()


def test_an_upload_needs_no_organization():
    image = Image.objects.upload(upload_of(photo(), "lamp.jpg"))
    again = Image.objects.upload(upload_of(photo(), "lamp.jpg"))
    assert image.organization == again.organization
    assert DefaultOrganization.objects.count() == 1


def test_an_image_of_an_article_is_attached_to_a_user(ada, article):
    image = article.images.attach(upload_of(photo())).image
    ada.images.attach(image)
    [found] = Article.objects.prefetch_images()
    assert [one.image for one in found.images.all()] == [image]
    assert [one.content_object for one in image.relations.order_by("pk")] == [article, ada]


def test_staff_use_the_api_under_the_slug_default(staff, article):
    made = staff.post(f"{IMAGES}images/", {"file": upload_of(photo(), "lamp.jpg")})
    assert made.status_code == 200, made.content
    target = {"app_label": "magazine", "model": "article", "object_id": article.pk}
    body = json.dumps({"image_id": made.json()["id"], **target})
    attached = staff.post(f"{IMAGES}attach/", body, content_type="application/json")
    assert attached.json() == {"detail": "attached", "created": True}
    [listed] = staff.get(f"{IMAGES}images/magazine/article/{article.pk}/").json()["items"]
    assert listed["title"] == "lamp.jpg"


def test_staff_attach_to_a_model_of_another_app_without_a_path(staff, ada):
    image = Image.objects.upload(upload_of(photo()))
    body = json.dumps({"image_ids": [image.pk]})
    address = f"{IMAGES}images/auth/user/{ada.pk}/bulk_attach/"
    answer = staff.post(address, body, content_type="application/json")
    assert answer.json() == {"attached": [image.pk]}


def test_users_who_are_not_staff_may_do_nothing(ada):
    client = Client()
    client.force_login(ada)
    assert client.get(f"{IMAGES}images/").status_code == 403
    assert client.post(f"{IMAGES}images/", {"file": upload_of(photo())}).status_code == 403
    assert not Image.objects.exists()


def test_models_that_are_not_attachable_stay_out_of_reach(staff):
    assert staff.get(f"{IMAGES}images/auth/group/1/").status_code == 404


def test_staff_attach_a_new_file_in_the_admin(staff, article):
    page = staff.get(f"/admin/magazine/article/{article.pk}/change/")
    assert page.status_code == 200
    prefix = page.context["inline_admin_formsets"][0].formset.prefix
    sent = staff.post(
        f"/admin/magazine/article/{article.pk}/change/",
        {
            "title": "Lamps",
            f"{prefix}-TOTAL_FORMS": 1,
            f"{prefix}-INITIAL_FORMS": 0,
            f"{prefix}-0-upload": upload_of(photo(), "lamp.jpg"),
        },
    )
    assert sent.status_code == 302, sent.content.decode()
    assert [one.image.title for one in article.images.all()] == ["lamp.jpg"]


def test_the_library_does_not_mention_organizations(staff):
    Image.objects.upload(upload_of(photo(), "lamp.jpg"))
    address = "/admin/polyimages/image/"
    pages = [address, f"{address}add/", f"{address}{Image.objects.get().pk}/change/"]
    for page in pages:
        shown = staff.get(page)
        assert shown.status_code == 200
        assert "rganization" not in shown.content.decode(), page


def test_staff_upload_in_the_library(staff):
    sent = staff.post(
        "/admin/polyimages/image/add/", {"upload": upload_of(photo(), "lamp.jpg"), "title": "Lamp"}
    )
    assert sent.status_code == 302, sent.content.decode()
    assert Image.objects.get().title == "Lamp"


def test_the_library_dialog_offers_all_images(staff):
    image = Image.objects.upload(upload_of(photo(), "lamp.jpg"))
    answer = staff.get("/admin/polyimages/image/library/")
    assert [one["id"] for one in answer.json()["images"]] == [str(image.pk)]
