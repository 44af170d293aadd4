from __future__ import annotations

from django.contrib import admin

from django_polyimages.models import Image
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys
from tests.hosts.own_models.archive.models import Book, Photo

URL = "/admin/archive/photo/"


def test_only_the_hosts_model_is_registered():
    assert admin.site.is_registered(Photo)
    assert not admin.site.is_registered(Image)


def test_the_list_shows_the_smallest_version(admin_client, photos):
    page = admin_client.get(URL).content.decode()
    for image in photos:
        assert f'src="{image.versions["square"].url}" width="80" height="80"' in page
    assert "Ada" in page


def test_the_hosts_fields_can_be_changed(admin_client, photos):
    data = {"title": "T", "alt_text": "", "description": "", "photographer": "Grace"}
    data |= {"focal_x": 0.5, "focal_y": 0.5}
    url = f"{URL}{photos[0].pk}/change/"
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, data | {"licence": "CC0"}).status_code == 302
    photos[0].refresh_from_db()
    assert (photos[0].title, photos[0].photographer, photos[0].licence) == ("T", "Grace", "CC0")


def test_an_upload_takes_the_hosts_fields(admin_client, acme):
    page = admin_client.get(f"{URL}add/").content.decode()
    assert 'name="photographer"' in page
    assert 'name="topics"' in page
    assert 'name="checked"' not in page
    data = {"organization": acme.pk, "photographer": "Ada", "licence": "x" * 51}
    data |= {"upload": upload_of(photo()), "topics": [acme.pk]}
    refused = admin_client.post(f"{URL}add/", data)
    assert "licence" in refused.context["adminform"].form.errors
    data |= {"upload": upload_of(photo()), "licence": "CC0"}
    assert admin_client.post(f"{URL}add/", data).status_code == 302
    image = Photo.objects.get()
    assert (image.photographer, image.licence, image.status) == ("Ada", "CC0", "ready")
    assert image.topics.get() == acme


def test_columns_that_nobody_types_are_kept_up_to_date(admin_client, photos, acme):
    photos[0].topics.set([acme])
    data = {"licence": "CC0", "focal_x": 0.5, "focal_y": 0.5}
    assert admin_client.post(f"{URL}{photos[0].pk}/change/", data).status_code == 302
    changed = Photo.objects.get(pk=photos[0].pk)
    assert changed.checked > photos[0].checked
    assert not changed.topics.exists()


def test_the_library_and_the_action_are_those_of_the_hosts_model(admin_client, photos):
    images = admin_client.get(f"{URL}library/").json()["images"]
    assert {image["id"] for image in images} == {str(image.pk) for image in photos}
    accept = {"Accept": "application/json"}
    answer = admin_client.post(f"{URL}{photos[0].pk}/regenerate/", headers=accept).json()
    assert (answer["generated"], answer["url"]) == ([], f"{URL}{photos[0].pk}/change/")
    action = {"action": "regenerate_versions", "_selected_action": photos[0].pk}
    assert "Regenerate the versions of 1 image?" in admin_client.post(URL, action).content.decode()


def test_an_action_deletes_files_too(
    admin_client, photos, files, django_capture_on_commit_callbacks
):
    data = {
        "action": "delete_selected",
        "_selected_action": [photos[0].pk, photos[2].pk],
        "post": "yes",
    }
    with django_capture_on_commit_callbacks(execute=True):
        assert admin_client.post(URL, data).status_code == 302
    assert list(Photo.objects.all()) == photos[1:2]
    assert stored_keys(files) == sorted(photos[1].keys)


def test_the_hosts_fields_of_a_use_are_in_the_inline(admin_client, photos, acme):
    book = Book.objects.create(organization=acme, name="Notes")
    book.images.attach(photos[0])
    url = f"/admin/archive/book/{book.pk}/change/"
    prefix = "archive-photouse-content_type-object_id"
    page = admin_client.get(url).content.decode()
    assert f'name="{prefix}-0-caption_position"' in page
    assert 'data-url="/admin/archive/photo/library/"' in page
    rows = {
        f"{prefix}-TOTAL_FORMS": 2,
        f"{prefix}-INITIAL_FORMS": 1,
        f"{prefix}-0-id": book.images.get().pk,
        f"{prefix}-0-caption_position": "above",
        f"{prefix}-1-image": photos[1].pk,
        f"{prefix}-1-caption_position": "beside",
    }
    response = admin_client.post(url, {"organization": acme.pk, "name": "Notes", **rows})
    assert response.status_code == 302
    assert [use.caption_position for use in book.images.all()] == ["above", "beside"]


def test_a_card_that_the_script_took_away_is_no_error(admin_client, photos, acme):
    """Its number stays, and a column with a default must not make it look filled in."""
    prefix = "archive-photouse-content_type-object_id"
    data = {"organization": acme.pk, "name": "Notes", f"{prefix}-INITIAL_FORMS": 0}
    response = admin_client.post("/admin/archive/book/add/", data | {f"{prefix}-TOTAL_FORMS": 1})
    assert response.status_code == 302
    book = Book.objects.get()
    picked = {f"{prefix}-TOTAL_FORMS": 3, f"{prefix}-2-image": photos[0].pk}
    picked |= {f"{prefix}-2-caption_position": "below"}
    url = f"/admin/archive/book/{book.pk}/change/"
    assert admin_client.post(url, data | picked).status_code == 302
    assert [use.image for use in book.images.all()] == [photos[0]]
