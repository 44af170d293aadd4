from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.db.models import Manager
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_polyimages import VersionSpec
from django_polyimages.admin import ImageAdmin
from django_polyimages.models import Image
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.admin.conftest import LIST
from tests.builders import uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True)
ACTION = {"action": "regenerate_versions", "index": "0"}
JSON = {"Accept": "application/json"}


def messages(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def smaller(settings) -> None:
    specs = [VersionSpec("thumb", 80, 80), *DEFAULT_VERSIONS[1:]]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}


@pytest.fixture
def three(acme) -> list[Image]:
    return [uploaded(acme, title=f"Image {number}") for number in range(3)]


class TestOneImage:
    @pytest.fixture
    def url(self, image):
        return f"{LIST}{image.pk}/regenerate/"

    def test_gets_what_is_missing_or_outdated(self, admin_client, image, url, smaller):
        answer = admin_client.post(url, headers=JSON)
        assert answer.json() == {
            "title": "photo",
            "url": f"{LIST}{image.pk}/change/",
            "generated": ["thumb"],
            "failure": "",
        }
        assert Image.objects.get().versions["thumb"].width == 80
        assert admin_client.post(url, headers=JSON).json()["generated"] == []

    def test_gets_everything_on_request(self, admin_client, url):
        made = admin_client.post(url, {"everything": "1"}, headers=JSON).json()["generated"]
        assert made == ["thumb", "sm", "md", "lg"]
        assert stored_keys() == sorted(Image.objects.get().keys)

    def test_says_why_it_failed(self, admin_client, image, url, files):
        files.delete(image.key)
        data = {"everything": "1"}
        assert admin_client.post(url, data, headers=JSON).json()["failure"] == "FileNotFoundError"
        response = admin_client.post(url, data)
        assert response.url == f"{LIST}{image.pk}/change/"
        [message] = messages(response)
        assert message.startswith("1 image failed: <a href=")
        assert ">photo.jpg</a> (FileNotFoundError)" in message

    def test_has_a_button_that_leads_back(self, admin_client, image, url):
        page = admin_client.get(f"{LIST}{image.pk}/change/").content.decode()
        assert f'<form method="post" action="{url}" id="polyimages-regenerate-one">' in page
        assert page.count('form="polyimages-regenerate-one"') == 2
        response = admin_client.post(url)
        assert messages(response) == ["The versions of 1 image are up to date."]

    def test_needs_the_permission_a_post_and_the_token(self, viewer, admin_user, url, monkeypatch):
        monkeypatch.setattr(type(Image.objects), "regenerate", lambda *_args, **_options: 1 / 0)
        assert viewer.post(url, headers=JSON).status_code == 403
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin_user)
        assert client.get(url).status_code == 405
        assert client.post(url).status_code == 403
        assert Client().post(url).status_code == 302

    def test_that_is_not_there_or_not_shown_is_not_found(self, admin_client, url, monkeypatch):
        assert admin_client.post(f"{LIST}987/regenerate/").status_code == 404
        assert admin_client.post(f"{LIST}x/regenerate/").status_code == 404
        monkeypatch.setattr(ImageAdmin, "get_queryset", lambda *_args: Image.objects.none())
        assert admin_client.post(url).json() == {"detail": "This image no longer exists."}

    def test_that_is_deleted_meanwhile_is_not_found(self, admin_client, image, url, monkeypatch):
        def regenerate(self, image, **_options):
            raise Image.DoesNotExist

        monkeypatch.setattr(type(Image.objects), "regenerate", regenerate)
        assert admin_client.post(url, headers=JSON).status_code == 404


class TestTheAction:
    def test_asks_first(self, admin_client, three, smaller):
        keys = [image.pk for image in three[:2]]
        response = admin_client.post(LIST, ACTION | {"_selected_action": keys})
        html = response.content.decode()
        assert "Regenerate the versions of 2 images?" in html
        assert html.count('name="_selected_action"') == 2
        assert '<progress max="2"' in html
        assert Image.objects.first().versions["thumb"].width == 160

    def test_makes_all_in_one_request_without_a_script(self, admin_client, three, smaller):
        keys = [image.pk for image in three[:2]]
        data = ACTION | {"_selected_action": keys, "post": "yes", "everything": "0"}
        response = admin_client.post(LIST, data)
        assert response.url == LIST
        assert messages(response) == ["The versions of 2 images are up to date."]
        widths = [image.versions["thumb"].width for image in Image.objects.order_by("pk")]
        assert widths == [80, 80, 160]

    def test_names_what_failed(self, admin_client, three, smaller, files):
        files.delete(three[1].key)
        keys = [image.pk for image in three]
        data = ACTION | {"_selected_action": keys, "post": "yes"}
        good, bad = messages(admin_client.post(LIST, data))
        assert good == "The versions of 2 images are up to date."
        assert bad.startswith(f'1 image failed: <a href="{LIST}{three[1].pk}/change/">Image 1</a>')

    def test_of_all_that_match_keeps_no_list_of_them(self, admin_client, three, monkeypatch):
        monkeypatch.setattr("django_polyimages.admin.library.regeneration.ADDRESSES_AT_ONCE", 2)
        url = f"{LIST}?q=Image"
        data = ACTION | {
            "_selected_action": [image.pk for image in three],
            "select_across": "1",
        }
        html = admin_client.post(url, data).content.decode()
        assert "Regenerate the versions of 3 images?" in html
        assert html.count('name="_selected_action"') == 1
        assert 'name="select_across" value="1"' in html
        one = ACTION | {"_selected_action": three[0].pk, "select_across": "1"}
        first = admin_client.post(url, one | {"addresses_after": ""}).json()
        last = admin_client.post(url, one | {"addresses_after": first["after"]}).json()
        assert first["after"] == str(three[1].pk)
        assert last["after"] == ""
        assert first["addresses"] + last["addresses"] == [
            f"{LIST}{image.pk}/regenerate/" for image in three
        ]
        assert admin_client.post(url, one | {"addresses_after": "x"}).status_code == 400

    def test_is_offered_to_those_who_may_change_images(self, viewer, admin_client, image):
        assert "regenerate_versions" not in viewer.get(LIST).content.decode()
        assert "regenerate_versions" in admin_client.get(LIST).content.decode()
        data = ACTION | {"_selected_action": image.pk, "post": "yes", "everything": "1"}
        viewer.post(LIST, data)
        assert Image.objects.get().versions == image.versions


class TestManyImages:
    DATA = ACTION | {"post": "yes", "everything": "1"}

    def test_stop_at_one_that_the_user_may_not_change(self, admin_client, three, monkeypatch):
        allowed = lambda _self, _request, obj=None: obj is None or obj.pk != three[1].pk  # noqa: E731
        monkeypatch.setattr(ImageAdmin, "has_change_permission", allowed)
        before = {image.pk: image.versions for image in three}
        data = self.DATA | {"_selected_action": [image.pk for image in three]}
        assert admin_client.post(LIST, data).status_code == 403
        after = {image.pk: image.versions for image in Image.objects.all()}
        assert [before[image.pk] != after[image.pk] for image in three] == [True, False, False]

    def test_leave_out_one_that_was_deleted_meanwhile(self, admin_client, three, monkeypatch):
        real = ImageAdmin.has_change_permission

        def delete_the_second(self, request, obj=None):
            if obj == three[1]:
                Image.objects.filter(pk=obj.pk).delete()
            return real(self, request, obj)

        monkeypatch.setattr(ImageAdmin, "has_change_permission", delete_the_second)
        data = self.DATA | {"_selected_action": [image.pk for image in three]}
        response = admin_client.post(LIST, data)
        assert messages(response) == ["The versions of 2 images are up to date."]


class TestWithATaskEngine:
    """The request makes the images pending, and workers generate their versions."""

    @pytest.fixture(autouse=True)
    def no_work_in_the_request(self, three, task_engine, monkeypatch):
        refuse = lambda *_args, **_options: 1 / 0  # noqa: E731
        monkeypatch.setattr(type(Image.objects), "regenerate", refuse)

    def act(self, client, images, **data):
        data = ACTION | {"_selected_action": [image.pk for image in images], **data}
        return client.post(LIST, data)

    def test_the_action_makes_images_pending_and_says_so(self, admin_client, three, task_engine):
        response = self.act(admin_client, three[:2], post="yes", everything="1")
        assert response.url == LIST
        assert messages(response) == [
            "The versions of 2 images will be generated soon. Until then their status is pending."
        ]
        statuses = Image.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["pending", "pending", "ready"]
        task_engine.work()
        assert list(statuses.all()) == ["ready"] * 3
        assert Image.objects.get(pk=three[0].pk).versions != three[0].versions

    def test_any_default_manager_of_a_host_will_do(
        self, admin_client, three, task_engine, monkeypatch
    ):
        plain: Manager[Image] = Manager()
        plain.model, plain.name = Image, "plain"
        monkeypatch.setattr(Image._meta, "default_manager", plain)
        self.act(admin_client, three, post="yes", everything="1")
        admin_client.post(f"{LIST}{three[0].pk}/regenerate/", {"everything": "1"})
        assert set(Image.objects.values_list("status", flat=True)) == {"pending"}

    def test_the_action_leaves_alone_what_is_up_to_date(self, admin_client, three):
        Image.objects.filter(pk=three[0].pk).update(status="failed")
        response = self.act(admin_client, three, post="yes", everything="0")
        assert messages(response) == [
            "The versions of 1 image will be generated soon. Until then its status is pending.",
            "The versions of 2 images are up to date.",
        ]

    def test_the_page_that_asks_first_has_no_script(self, admin_client, three):
        html = self.act(admin_client, three).content.decode()
        assert "Regenerate the versions of 3 images?" in html
        assert 'id="polyimages-regenerate">' in html  # without data-total

    def test_an_image_that_the_user_may_not_change_stays(
        self, admin_client, three, task_engine, monkeypatch
    ):
        allowed = lambda _self, _request, obj=None: obj is None or obj.pk != three[1].pk  # noqa: E731
        monkeypatch.setattr(ImageAdmin, "has_change_permission", allowed)
        assert self.act(admin_client, three, post="yes", everything="1").status_code == 403
        assert task_engine.waiting() == []
        assert set(Image.objects.values_list("status", flat=True)) == {"ready"}

    def test_a_failed_image_has_a_button_to_try_again(self, admin_client, three, task_engine):
        failed = Image.objects.filter(pk=three[0].pk)
        failed.update(status="failed", failure_reason="TimeoutError", attempts=5)
        page = f"{LIST}{three[0].pk}/change/"
        assert "Try again</button>" in admin_client.get(page).content.decode()
        assert "Try again" not in admin_client.get(f"{LIST}{three[1].pk}/change/").content.decode()
        response = admin_client.post(f"{LIST}{three[0].pk}/regenerate/")
        assert response.url == page
        assert messages(response) == [
            "The versions of 1 image will be generated soon. Until then its status is pending."
        ]
        assert failed.values_list("status", "attempts").get() == ("pending", 0)
        assert len(task_engine.waiting()) == 1

    def test_a_script_gets_the_same_fields(self, admin_client, three):
        url = f"{LIST}{three[0].pk}/regenerate/"
        answer = admin_client.post(url, {"everything": "1"}, headers=JSON).json()
        assert (answer["generated"], answer["failure"]) == ([], "")

    @pytest.mark.parametrize("number", [2, 3])
    def test_queries_are_the_same_for_any_number(self, admin_client, three, number):
        with CaptureQueriesContext(connection) as queries:
            self.act(admin_client, three[:number], post="yes", everything="1")
        of_images = [one for one in queries if '"polyimages_image"' in one["sql"].replace("`", '"')]
        # the list's count, keys, permissions, keys again, rows locked, outdated and made pending
        assert len(of_images) == 7
