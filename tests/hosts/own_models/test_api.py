"""The HTTP API with a host's own models: ids that are UUIDs, objects with any type of key."""

from __future__ import annotations

import json
import uuid
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from django_polyimages.operations.original_storage import move, plan_move
from django_polyimages.storage import get_original_storage
from tests.api.calls import CALLS, bulk_upload, four, get, patch, post, send, target, upload
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys
from tests.hosts.own_models.archive.models import Book, Branch, Photo, PhotoUse, Poster


def ids(images) -> list[str]:
    return [str(image.pk) for image in images]


def test_an_image_from_upload_to_deletion(
    client, member, files, django_capture_on_commit_callbacks
):
    sent = upload(client, upload_of(photo(), "door.jpg"), alt_text="A door").json()
    image = Photo.objects.get()
    assert sent["id"] == str(image.pk)
    assert (sent["title"], sent["alt_text"]) == ("door.jpg", "A door")
    assert list(sent["versions"]) == ["square", "large", "large_webp"]
    assert image.creator == member
    assert get(client, f"images/{image.pk}/").json() == sent
    changed = patch(client, f"images/{image.pk}/", {"title": "Door"}).json()
    assert (changed["id"], changed["title"]) == (sent["id"], "Door")
    with django_capture_on_commit_callbacks(execute=True):
        assert send(client, "DELETE", f"images/{image.pk}/", None).status_code == 204
    assert not Photo.objects.exists()
    assert stored_keys(files) == []


def test_an_original_in_a_storage_of_its_own(client, files, settings):
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"originals": memory}
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    sent = upload(client).json()
    image = Photo.objects.get()
    assert sent["url"].endswith(f"/orgs/acme/images/{image.pk}/original/")
    assert client.get(sent["url"]).getvalue() == photo()
    assert image.url == f"/images/{image.pk}/original/"
    assert client.get(image.url).getvalue() == photo()
    assert image.key not in stored_keys(files)
    files.save(image.key, get_original_storage().open(image.key))
    assert [one.result.outcome for one in move(plan_move())] == ["moved"]
    assert image.key not in stored_keys(files)


def test_the_url_of_an_original_does_not_depend_on_the_key_of_the_object(
    client, acme, photos, settings
):
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "default"}
    branch = Branch.objects.create(organization=acme, name="Emma", code="a/orgs/acme/images/b")
    branch.images.attach(photos[0])
    [sent] = get(client, f"images/archive/branch/{branch.pk}/").json()["items"]
    assert sent["image"]["url"] == f"/api/v1/images/orgs/acme/images/{photos[0].pk}/original/"


def test_a_photo_that_a_poster_protects_is_not_deleted(client, photos):
    poster = Poster.objects.create(photo=photos[0])
    detail = f"Nothing was deleted because image {photos[0].pk} is in use: 1 poster."
    one = send(client, "DELETE", f"images/{photos[0].pk}/", None)
    assert (one.status_code, one.json()) == (409, {"detail": detail, "code": "in_use"})
    many = post(client, "bulk-delete/", {"ids": ids(photos)})
    assert (many.status_code, many.json()) == (409, {"detail": detail, "code": "in_use"})
    assert Photo.objects.count() == 3
    poster.delete()
    assert post(client, "bulk-delete/", {"ids": ids(photos)}).status_code == 204


def test_several_at_once(client, files, django_capture_on_commit_callbacks):
    files_sent = [upload_of(photo(), "1.jpg"), upload_of(b"text", "2.jpg")]
    done, refused = bulk_upload(client, *files_sent).json()
    assert (done["status"], done["id"]) == ("success", str(Photo.objects.get().pk))
    assert (refused["status"], refused["file"]) == ("error", "2.jpg")
    with django_capture_on_commit_callbacks(execute=True):
        body = {"ids": [done["id"], str(uuid.uuid4()), 1, "nothing"]}
        assert post(client, "bulk-delete/", body).status_code == 204
    assert not Photo.objects.exists()
    assert stored_keys(files) == []


def test_the_list_by_cursor_and_by_filter(client, photos):
    first = get(client, limit=2).json()
    assert (first["count"], len(first["items"])) == (3, 2)
    second = get(client, limit=2, cursor=first["next"]).json()
    listed = [image["id"] for image in first["items"] + second["items"]]
    assert listed == ids(Photo.objects.newest_first())
    assert second["next"] is None
    # All have the same timestamp, so only the primary key decides the page.
    Photo.objects.update(created_at=photos[0].created_at)
    first = get(client, limit=2).json()
    second = get(client, limit=2, cursor=first["next"]).json()
    assert {image["id"] for image in first["items"] + second["items"]} == set(ids(photos))
    found = get(client, title="1.J").json()["items"]
    assert [image["id"] for image in found] == ids(photos[1:2])


def test_images_of_an_object(client, holding, photos):
    one, two, three = photos
    url = target(holding)
    body = four(one, holding, is_cover=True, custom_title="Front") | {"image_id": str(one.pk)}
    assert post(client, "attach/", body).json() == {"detail": "attached", "created": True}
    assert post(client, "attach/", body).json() == {"detail": "attached", "created": False}
    unattached = get(client, unattached="true").json()["items"]
    assert {image["id"] for image in unattached} == set(ids([two, three]))
    attached = post(client, f"{url}bulk_attach/", {"image_ids": ids([one, three, two])}).json()
    assert attached == {"attached": ids([three, two])}
    ordered = post(client, f"{url}reorder/", {"image_ids": ids([two, one])}).json()
    assert [use["image"]["id"] for use in ordered["items"]] == ids([two, one, three])
    assert get(client, url).json() == ordered
    changed = patch(client, f"{url}{three.pk}/", {"is_cover": True, "custom_alt_text": "A"}).json()
    assert (changed["image"]["id"], changed["is_cover"], changed["alt_text"]) == (
        str(three.pk), True, "A",
    )  # fmt: skip
    assert (changed["object_id"], changed["model"]) == (
        str(holding.pk), holding._meta.model_name,
    )  # fmt: skip
    assert [use.image for use in PhotoUse.objects.filter(is_cover=True)] == [three]
    assert post(client, "detach/", four(two, holding, image_id=str(two.pk))).status_code == 204
    detached = post(client, f"{url}bulk_detach/", {"image_ids": ids([one, two])}).json()
    assert detached == {"detached": ids([one])}
    assert [use.image for use in holding.images.all()] == [three]


KEYS_WITH_A_SLASH = ["north/2", "a/b/c", "a/reorder", "a/bulk_attach", "a//b", "/", "a/", "a\n/b"]


@pytest.mark.parametrize("key", KEYS_WITH_A_SLASH)
@pytest.mark.parametrize("safe", ["/", ""], ids=["plain", "encoded"])
def test_a_key_with_a_slash_is_reached_by_every_endpoint(client, acme, photos, key, safe):
    branch = Branch.objects.create(organization=acme, name="Emma", code=key)
    Branch.objects.create(organization=acme, name="Other", code="a")
    url = f"images/archive/branch/{quote(key, safe=safe)}/"
    one, two, _three = photos
    body = four(one, branch, image_id=str(one.pk))
    assert post(client, "attach/", body).json()["created"] is True
    attached = post(client, f"{url}bulk_attach/", {"image_ids": ids([one, two])})
    assert attached.json() == {"attached": ids([two])}
    listed = get(client, url, limit=1).json()
    assert (listed["count"], listed["items"][0]["object_id"]) == (2, key)
    ordered = post(client, f"{url}reorder/", {"image_ids": ids([two, one])}).json()
    assert [use["image"]["id"] for use in ordered["items"]] == ids([two, one])
    changed = patch(client, f"{url}{one.pk}/", {"custom_title": "Front"}).json()
    assert (changed["object_id"], changed["title"]) == (key, "Front")
    detached = post(client, f"{url}bulk_detach/", {"image_ids": ids([one, two])}).json()
    assert detached == {"detached": ids([one, two])}
    assert get(client, url).json() == {"items": [], "count": 0}


def test_a_key_with_a_slash_that_no_object_has_is_not_found(client, photos):
    url = "images/archive/branch/north/3/"
    assert get(client, url).json()["code"] == "not_found"
    assert post(client, f"{url}reorder/", {"image_ids": ids(photos)}).json()["code"] == "not_found"


def test_models_whose_keys_have_no_slash_answer_405(client, acme):
    book = Book.objects.create(organization=acme, name="Emma")
    for ending, allow in (("5", "PATCH"), ("reorder", "POST")):
        response = get(client, f"{target(book)}{ending}/")
        assert (response.status_code, response["Allow"]) == (405, allow)


@pytest.mark.django_db(transaction=True)
def test_a_server_passes_an_encoded_slash(live_server, client, acme, photos):
    branch = Branch.objects.create(organization=acme, name="Emma", code="north/2")
    branch.images.attach(photos[0])
    cookie = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
    path = "/api/v1/images/orgs/acme/images/archive/branch/north%2F2/"
    with urlopen(Request(live_server.url + path, headers=cookie)) as answer:
        assert json.load(answer)["items"][0]["image"]["id"] == str(photos[0].pk)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_every_endpoint_is_closed_to_strangers(client, member, holding, photos, call):
    member.groups.clear()
    with_text_id = Photo.objects.get(pk=photos[0].pk)
    with_text_id.pk = str(with_text_id.pk)
    assert call.send(client, with_text_id, holding, "acme").status_code == 403


@pytest.mark.parametrize("spelling", [str.upper, "{{{}}}".format, lambda key: key.replace("-", "")])
def test_an_id_has_one_spelling(client, photos, spelling):
    key = next(str(image.pk) for image in photos if str(image.pk).upper() != str(image.pk))
    assert get(client, f"images/{key}/").status_code == 200
    assert get(client, f"images/{spelling(key)}/").status_code == 404
    missing = get(client, f"images/{uuid.uuid4()}/")
    assert missing.json() == get(client, "images/1/").json()


def test_an_unknown_id_attaches_nothing(client, holding, photos):
    unknown = str(uuid.uuid4())
    body = {"image_ids": [str(photos[0].pk), unknown]}
    response = post(client, f"{target(holding)}bulk_attach/", body)
    assert response.status_code == 404
    assert unknown in response.json()["detail"]
    assert not PhotoUse.objects.exists()


def test_the_document_says_that_ids_are_strings(client):
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert schemas["PolyimagesImage"]["properties"]["id"]["type"] == "string"
    versions = schemas["PolyimagesImage"]["properties"]["versions"]["properties"]
    assert list(versions) == ["square", "large", "large_webp"]
