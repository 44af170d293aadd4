"""``pending/``: what the script gets that waits for images."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_polyimages.admin import ImageAdmin
from django_polyimages.models import Image
from tests.admin.conftest import LIST
from tests.builders import staff_with, uploaded
from tests.helpers import storage_calls

pytestmark = pytest.mark.django_db(transaction=True)
URL = f"{LIST}pending/"
PARTS = ["address", "card", "note", "picture", "state", "thumbnail", "versions"]


@pytest.fixture
def two(acme, task_engine) -> list[Image]:
    """Both pending."""
    return [uploaded(acme, title=name) for name in ("One", "Two")]


def ask(client, images, **more):
    data = {"image": [getattr(image, "pk", image) for image in images], "part": ["state"]}
    return client.post(URL, data | more)


def test_while_nothing_is_ready_there_is_nothing_to_show(admin_client, two):
    assert ask(admin_client, two).json() == {
        "pending": [str(image.pk) for image in sorted(two, key=lambda one: -one.pk)],
        "images": [],
        "message": "",
    }


def test_an_image_that_is_ready_comes_with_the_parts_of_the_page(admin_client, two, task_engine):
    task_engine.work()
    answer = ask(admin_client, two[:1], part=PARTS).json()
    image = Image.objects.get(pk=two[0].pk)
    [shown] = answer["images"]
    parts = shown.pop("parts")
    assert shown == {"id": str(image.pk), "status": "ready"}
    assert sorted(parts) == PARTS
    assert parts["state"] == '<span class="polyimages-ready">ready</span>'
    assert parts["note"] == ""
    assert image.versions["thumb"].url in parts["thumbnail"]
    for name in ("card", "picture", "versions"):
        assert image.versions["lg"].url in parts[name]
    assert parts["address"] == image.versions["lg"].url
    assert 'form="polyimages-regenerate-one"' in parts["versions"]
    assert "data-polyimages-pending" not in str(parts)
    assert " style=" not in str(parts)  # which a Content-Security-Policy may refuse


def test_only_parts_that_the_page_has_are_rendered(admin_client, two, task_engine):
    task_engine.work()
    [shown, _other] = ask(admin_client, two, part=["state", "no such part"]).json()["images"]
    assert list(shown["parts"]) == ["state"]


def test_a_failed_one_says_why_and_can_be_tried_again(admin_client, two):
    Image.objects.filter(pk=two[0].pk).update(status="failed", failure_reason="TimeoutError")
    [shown] = ask(admin_client, two, part=["note", "versions"]).json()["images"]
    assert shown["status"] == "failed"
    assert "failed: TimeoutError" in shown["parts"]["note"]
    assert "Try again" in shown["parts"]["versions"]


def test_what_is_said_at_the_end_counts_the_failures(admin_client, two, task_engine):
    task_engine.work()
    assert ask(admin_client, two).json()["message"] == "All images on this page are ready."
    Image.objects.filter(pk=two[0].pk).update(status="failed")
    assert "; 1 failed." in ask(admin_client, two).json()["message"]
    assert "; 4 failed." in ask(admin_client, two, failed="3").json()["message"]
    assert "; 1 failed." in ask(admin_client, two, failed="many").json()["message"]


def test_queries_are_constant_and_no_storage_is_asked(
    admin_client, two, acme, task_engine, monkeypatch
):
    task_engine.work()
    more = [*two, *(uploaded(acme) for _number in range(4))]
    task_engine.work()
    counts = []
    for images in (two, more):
        with storage_calls(monkeypatch) as calls, CaptureQueriesContext(connection) as queries:
            assert len(ask(admin_client, images, part=PARTS).json()["images"]) == len(images)
        assert calls == []
        counts.append(len(queries))
    assert counts[0] == counts[1] == 3  # session, user, images


def test_images_are_those_that_the_user_may_view(two, viewer, admin_client, monkeypatch):
    assert len(ask(viewer, two).json()["pending"]) == 2
    assert ask(Client(), two).status_code == 302
    allowed = lambda _self, _request, obj=None: obj is None or obj == two[1]  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(ImageAdmin, "has_view_permission", allowed)
        assert ask(admin_client, two).json()["pending"] == [str(two[1].pk)]
    monkeypatch.setattr(ImageAdmin, "get_queryset", lambda *_args: Image.objects.none())
    assert ask(admin_client, two).json()["pending"] == []


def test_a_user_who_may_view_no_images_gets_none(two):
    assert ask(staff_with("view_contact"), two).status_code == 403


def test_a_user_who_may_only_view_gets_no_button(two, viewer, task_engine):
    task_engine.work()
    [shown] = ask(viewer, two[:1], part="versions").json()["images"]
    assert "<button" not in shown["parts"]["versions"]


def test_what_is_no_key_and_what_is_gone_is_left_out(admin_client, two):
    answer = ask(admin_client, [two[0], "x", "0" * 300, "", 987654, "1\x00"]).json()
    assert answer["pending"] == [str(two[0].pk)]
    assert ask(admin_client, []).json()["images"] == []


def test_it_is_a_post_with_the_token(admin_client, admin_user, two):
    assert admin_client.get(URL).status_code == 405
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert ask(client, two).status_code == 403


def test_one_request_is_about_as_many_images_as_a_list_shows(admin_client, two, monkeypatch):
    monkeypatch.setattr("django_polyimages.admin.library.pending.MOST", 1)
    assert ask(admin_client, two).json()["pending"] == [str(two[0].pk)]
