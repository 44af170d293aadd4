"""A host whose models use the name ``images`` for something else."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_polyimages.models import (
    Image,
    ImageAttachableQuerySet,
    organization_of,
    prefetch_images,
    relations_of,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.api.calls import four, get, patch, post, send, target
from tests.drawing import photo, upload_of
from tests.hosts.own_images_name.conftest import NAMES
from tests.hosts.own_images_name.models import Brochure, Bundle, OldPhoto, Product, SaleProduct

PREFIX = "polyimages-polymorphicimagerelation-content_type-object_id"


def images_of(obj) -> list[Image]:
    manager = getattr(obj, NAMES[type(obj)])
    return [relation.image for relation in manager.all()]


def test_the_checks_have_no_complaints_and_no_migration_is_missing(db):
    call_command("check", fail_level="WARNING")
    call_command("makemigrations", "--check", "--dry-run")


def test_the_verbs(thing, images, acme):
    manager = getattr(thing, NAMES[type(thing)])
    assert manager.attach(images[0]).content_object == thing
    assert manager.attach(upload_of(photo())).image.organization == acme
    manager.sync([images[2], images[0]])
    manager.set_cover(images[0])
    assert images_of(thing) == [images[2], images[0]]
    assert manager.cover().image == images[0]
    assert relations_of(thing).detach(images[2])
    assert images_of(thing) == [images[0]]
    assert organization_of(thing) == acme
    name = NAMES[type(thing)]
    with pytest.raises(TypeError, match=rf"{name}\.add\(\) is not .* use {name}\.attach"):
        manager.add(images[0])


def test_what_was_called_images_before_is_left_alone(lamp, images, acme):
    lamp.photos.attach(images[0])
    assert [old.path for old in lamp.images.all()] == ["old.png"]
    assert Product.objects.filter(images__path="old.png").get() == lamp
    brochure = Brochure.objects.create(organization=acme, relations="x")
    brochure.gallery.attach(images[0])
    assert (brochure.images, brochure.relations) == (["page.png"], "x")
    assert images[0].relations.count() == 2


def test_prefetching(thing, images):
    name = NAMES[type(thing)]
    getattr(thing, name).attach_many(images)
    queryset = ImageAttachableQuerySet(type(thing))
    for cover_only, queries in ((False, 3), (True, 2)):
        with CaptureQueriesContext(connection) as made:
            [found] = queryset.prefetch_images(cover_only=cover_only)
            cover = getattr(found, name).cover()
            assert cover.image == images[0]
            assert cover_only or images_of(found) == images
        assert len(made) == queries
        again = type(thing).objects.get()
        prefetch_images([again], cover_only=cover_only)
        with CaptureQueriesContext(connection) as made:
            assert getattr(again, name).cover().image == images[0]
        assert len(made) == 0
    assert queryset.with_cover().count() == 0
    getattr(thing, name).set_cover(images[1])
    assert queryset.with_cover().get() == thing


def test_filtering(thing, images):
    name, rows = NAMES[type(thing)], type(thing).objects
    getattr(thing, name).attach(images[0], custom_title="door")
    assert rows.filter(**{f"{name}__custom_title": "door"}).get() == thing
    assert rows.filter(**{f"{name}__image": images[0]}).get() == thing
    assert rows.filter(**{name: Relation.objects.get().pk}).get() == thing
    assert not rows.exclude(**{f"{name}__custom_title": "door"}).exists()


def test_relations_are_filtered_by_their_objects(lamp, images, acme):
    table = Product.objects.create(organization=acme, name="Table")
    poster = Brochure.objects.create(organization=acme, name="Lamp")
    for obj, image in ((lamp, images[0]), (table, images[1]), (poster, images[2])):
        relations_of(obj).attach(image)
    lamps = Relation.objects.filter(product__name="Lamp")
    assert [relation.content_object for relation in lamps] == [lamp]
    assert Relation.objects.get(product=table).image == images[1]
    assert Relation.objects.get(product__pk=table.pk).image == images[1]
    assert Relation.objects.get(product__images__path="old.png").image == images[0]
    assert list(Image.objects.filter(relations__product__name="Table")) == [images[1]]
    assert list(Image.objects.filter(relations__brochure__name="Lamp")) == [images[2]]
    others = Relation.objects.exclude(product__name="Lamp")
    assert {relation.image for relation in others} == set(images[1:])
    nobody = Relation.objects.filter(product=None)
    assert {relation.image for relation in nobody} == {images[2]}
    names = Relation.objects.order_by("-product__name").values_list("product__name", flat=True)
    assert set(names) == {"Lamp", "Table", None}
    assert OldPhoto.objects.filter(product__photos__image=images[0]).exists()
    Relation.objects.filter(product__name="Lamp").delete()
    assert Relation.objects.count() == 2


def test_a_relation_with_a_key_that_is_none_is_of_no_object(lamp, images):
    relation = lamp.photos.attach(images[0])
    Relation.objects.filter(pk=relation.pk).update(object_id="not a UUID")
    assert not Relation.objects.filter(product__name="Lamp").exists()
    assert Relation.objects.filter(product=None).exists()


def test_the_api(client, thing, images):
    app, model = type(thing)._meta.label_lower.split(".")
    pk = str(thing.pk)
    answer = post(client, "attach/", four(images[0], thing))
    assert answer.json() == {"detail": "attached", "created": True}
    bulk = f"{target(thing)}bulk_attach/"
    assert post(client, bulk, {"image_ids": [images[1].pk]}).json()["attached"] == [images[1].pk]
    changed = patch(client, f"{target(thing)}{images[1].pk}/", {"is_cover": True}).json()
    assert (changed["app_label"], changed["model"], changed["object_id"]) == (app, model, pk)
    listed = get(client, target(thing)).json()
    assert [one["image"]["id"] for one in listed["items"]] == [images[0].pk, images[1].pk]
    order = {"image_ids": [images[1].pk, images[0].pk]}
    assert post(client, f"{target(thing)}reorder/", order).status_code == 200
    assert images_of(thing) == [images[1], images[0]]
    assert send(client, "POST", "detach/", four(images[1], thing)).status_code == 204
    assert images_of(thing) == [images[0]]


def test_a_page(client, lamp, images, django_assert_num_queries):
    lamp.photos.attach(images[0], custom_title="The lamp")
    with django_assert_num_queries(3):
        page = client.get("/").content.decode()
    assert f'<a href="{images[0].versions["lg"].url}">The lamp</a>' in page
    assert 'class="cover"' in page


def test_the_admin(admin_client, lamp, images, acme):
    url = f"/admin/own_images_name/product/{lamp.pk}/change/"
    management = {f"{PREFIX}-TOTAL_FORMS": 1, f"{PREFIX}-INITIAL_FORMS": 0}
    row = {f"{PREFIX}-0-image": images[0].pk, f"{PREFIX}-uploads": upload_of(photo())}
    form = {"organization": acme.pk, "name": "Lamp"}
    assert admin_client.post(url, form | management | row).status_code == 302
    assert images_of(lamp)[0] == images[0]
    assert len(images_of(lamp)) == 2
    assert images[0].versions["thumb"].url in admin_client.get(url).content.decode()
    uses = admin_client.get(f"/admin/polyimages/image/{images[0].pk}/change/").content.decode()
    assert url in uses
    old = admin_client.get("/admin/own_images_name/oldphoto/?product__photos__is_cover__exact=0")
    assert "1 old photo" in old.content.decode()


def test_deleting_an_object_deletes_its_relations_and_nothing_else(thing, images):
    other = Product.objects.create(organization=thing.organization, name="Other")
    other.photos.attach(images[0])
    relations_of(thing).attach(images[0])
    thing.delete()
    assert [relation.content_object for relation in Relation.objects.all()] == [other]
    type(other).objects.all().delete()
    assert not Relation.objects.exists()
    assert Image.objects.count() == 3


def test_a_proxy_has_the_images_of_its_model(lamp, images):
    lamp.photos.attach(images[0])
    proxy = SaleProduct.objects.prefetch_images().get()
    assert [relation.image for relation in proxy.photos.all()] == [images[0]]
    assert SaleProduct.objects.filter(photos__image=images[0]).exists()
    assert SaleProduct.objects.prefetch_images(cover_only=True).get().photos.cover()


@pytest.fixture
def bundle(acme, images) -> Bundle:
    """A child in a table of its own, with an image of each of its two lists."""
    bundle = Bundle.objects.create(organization=acme, name="Bundle")
    bundle.photos.attach(images[0])
    bundle.product_ptr.photos.attach(images[1])
    return bundle


def test_a_child_has_images_of_its_own(bundle, images):
    assert [relation.image for relation in bundle.photos.all()] == [images[0]]
    assert Bundle.objects.filter(photos__image=images[0]).exists()
    assert Relation.objects.get(product=bundle.product_ptr).image == images[1]


@pytest.mark.parametrize(
    "delete",
    [
        lambda bundle: bundle.delete(),
        lambda bundle: bundle.product_ptr.delete(),
        lambda bundle: Bundle.objects.all().delete(),
        lambda bundle: bundle.organization.delete(),
    ],
)
def test_with_a_child_both_lists_are_deleted(bundle, images, lamp, delete):
    lamp.photos.attach(images[2])
    delete(bundle)
    assert {one.content_object for one in Relation.objects.all()} <= {lamp}
    assert Relation.objects.filter(product=lamp).count() == Product.objects.count()


def test_a_parent_that_is_kept_keeps_its_images(bundle, images):
    bundle.delete(keep_parents=True)
    assert [one.image for one in Relation.objects.all()] == [images[1]]
