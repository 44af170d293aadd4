"""The asynchronous twins; what they do is tested with the methods that they call."""

from __future__ import annotations

import inspect

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient
from django.urls import path

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import Image, ImageManager, ImageRelationManager, aprefetch_images
from django_polyimages.models.relation_verbs import RelationVerbs
from tests.builders import attached_to, fake_images, uploaded
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys
from tests.test_migrations import run

pytestmark = pytest.mark.django_db


async def upload(request: HttpRequest, pk: int) -> HttpResponse:
    contact = await Contact.objects.aget(pk=pk)
    relation = await contact.images.aattach(request.FILES["file"], custom_title="Sent")
    shown = [relation.title async for relation in contact.images.all()]
    return JsonResponse({"shown": shown, "url": relation.image.versions["sm"].url})


urlpatterns = [path("<int:pk>/", upload)]


VERBS = [name for name in vars(RelationVerbs) if not name.startswith("_")]


@pytest.mark.parametrize(
    ("manager", "name", "twin"),
    [
        (ImageRelationManager, "sync", "async_"),
        *((ImageRelationManager, name, f"a{name}") for name in VERBS if name != "sync"),
        (ImageManager, "upload", "aupload"),
        (ImageManager, "regenerate", "aregenerate"),
        (ImageManager, "set_focal_point", "aset_focal_point"),
    ],
)
def test_each_method_has_a_twin_that_takes_and_returns_the_same(manager, name, twin):
    method, asynchronous = getattr(manager, name), getattr(manager, twin)
    assert inspect.iscoroutinefunction(asynchronous)
    assert inspect.signature(asynchronous) == inspect.signature(method)


def test_the_twins_do_the_same(contact, acme):
    first, second, third = fake_images(acme, 3)

    async def work() -> None:
        images = contact.images
        assert (await images.aattach(first, custom_title="Here")).title == "Here"
        assert (await images.aattach_or_update(first))[1] is False
        assert await images.aattach_many([first, second]) == [second]
        assert (await images.aset_cover(second)).is_cover
        assert (await images.acover()).image == second
        await images.areorder([second, first])
        await images.aupdate_relation(second, custom_title="There")
        assert [one.title async for one in images.select_related("image")] == ["There", "Here"]
        assert (await images.async_([third, first])).attached == (third.pk,)
        assert await images.adetach(first)
        assert await images.adetach_many([third.pk]) == [third.pk]

    async_to_sync(work)()
    assert attached_to(contact) == []


def test_images_are_uploaded_prefetched_and_regenerated(contact, product, acme, editor):
    async def work() -> Image:
        image = await Image.objects.aupload(
            upload_of(photo()), organization=acme, creator=editor, alt_text="A door"
        )
        await Image.objects.aregenerate(image, everything=True)
        await Image.objects.aset_focal_point(image, 0.2, 0.3)
        await product.images.aattach(image)
        await aprefetch_images([contact, product], cover_only=True)
        assert product.images.cover().image == image
        assert contact.images.cover() is None
        found = [one async for one in Product.objects.prefetch_images()]
        assert [one.image for one in found[0].images.all()] == [image]
        return image

    image = async_to_sync(work)()
    assert (image.alt_text, image.creator, image.focal_x) == ("A door", editor, 0.2)


@pytest.mark.parametrize(
    "work",
    [
        lambda contact, image: sync_to_async(contact.images.attach)(image),
        lambda contact, image: contact.images.aattach(image),
        lambda contact, image: contact.images.acount(),
        lambda contact, image: contact.images.filter(is_cover=True).afirst(),
    ],
)
def test_reading_the_manager_makes_no_query(contact, image, work):
    """In a process that has not loaded the content type yet, it did."""

    async def run_it() -> None:
        await work(contact, image)

    ContentType.objects.clear_cache()
    async_to_sync(run_it)()


def test_reading_the_manager_costs_nothing(contact, django_assert_num_queries):
    ContentType.objects.clear_cache()
    with django_assert_num_queries(0):
        images = contact.images.all()
    with django_assert_num_queries(2):  # the content type, too
        assert list(images) == []


@pytest.mark.urls(__name__)
def test_an_asynchronous_view_takes_an_upload(contact):
    async def send() -> HttpResponse:
        return await AsyncClient().post(f"/{contact.pk}/", {"file": upload_of(photo())})

    response = async_to_sync(send)()
    [relation] = contact.images.all()
    url = relation.image.versions["sm"].url
    assert response.json() == {"shown": ["Sent"], "url": url}
    assert stored_keys() == sorted(relation.image.keys)


@pytest.mark.django_db(transaction=True)
def test_rows_are_deleted_with_their_files(acme):
    async def delete() -> None:
        one, _two = uploads
        await one.adelete()
        await Image.objects.all().adelete()

    uploads = [uploaded(acme), uploaded(acme)]
    async_to_sync(delete)()
    assert stored_keys() == []


FRESH = """
import asyncio, django
django.setup()
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django_polyimages.models import Image, register_attachable
from tests.drawing import photo, upload_of
register_attachable(Group, organization_path="pk")

async def main():
    await sync_to_async(call_command)("migrate", verbosity=0)
    ContentType.objects.clear_cache()
    group = await Group.objects.acreate(name="Acme")
    image = await Image.objects.aupload(upload_of(photo()), organization=group)
    first, second = await asyncio.gather(
        group.images.aattach(image), group.images.aattach(upload_of(photo()), is_cover=True)
    )
    assert (await group.images.acover()).image == second.image
    assert await group.images.acount() == 2
    print("done")

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_new_process_with_a_loop_of_its_own():
    assert "done" in run("tests.settings_plain", "-c", FRESH)
