from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from django_polyimages import get_image_model, get_relation_model
from django_polyimages.models import FileDeletion, Image, prefetch_images
from tests.drawing import photo, upload_of
from tests.helpers import storage_calls, stored_keys
from tests.hosts.own_models.archive.models import Book, Branch, Photo, PhotoUse, Poster, Reading
from tests.tasks import engine


def test_the_models_in_use_are_the_hosts():
    assert get_image_model() is Photo
    assert get_relation_model() is PhotoUse
    assert Book.images.field.related_model is PhotoUse


def test_an_upload_takes_the_hosts_fields(acme, member):
    image = Photo.objects.upload(
        upload_of(photo()), organization=acme, creator=member, photographer="Ada", licence="CC0"
    )
    image.refresh_from_db()
    assert (image.photographer, image.licence, image.status) == ("Ada", "CC0", "ready")
    assert (image.title, image.organization, image.creator) == ("photo.jpg", acme, member)
    assert list(acme.archive_photos.by("Ada")) == [image]
    assert not Photo.objects.by("Grace").exists()


def test_the_versions_are_those_of_the_setting(acme):
    image = Photo.objects.upload(upload_of(photo(2400, 1200)), organization=acme)
    shapes = {
        name: (version.width, version.height, version.key.partition("_")[2].partition("_")[2])
        for name, version in image.versions.items()
    }
    assert shapes == {
        "square": (300, 300, "square.webp"),
        "large": (1600, 800, "large.avif"),
        "large_webp": (1600, 800, "large_webp.webp"),
    }
    assert stored_keys() == sorted(image.keys)


def test_the_verbs_of_an_object_with_any_type_of_key(holding, photos):
    one, two, three = photos
    for image in photos:
        holding.images.attach(image)
    holding.images.attach(two, caption_position="above", custom_alt_text="A door")
    holding.images.set_cover(three)
    holding.images.set_cover(two)
    assert [use.image for use in holding.images.all()] == photos
    assert holding.images.cover().image == two
    assert PhotoUse.objects.filter(is_cover=True).count() == 1
    holding.images.reorder([three, one])
    assert [use.image for use in holding.images.all()] == [three, one, two]
    assert holding.images.detach(one)
    assert [use.image for use in holding.images.all()] == [three, two]
    use = two.relations.get()
    assert (use.caption_position, use.alt_text) == ("above", "A door")
    assert use.content_object == holding


def test_a_file_is_uploaded_into_the_hosts_model(holding, member):
    use = holding.images.attach(upload_of(photo(), "door.jpg"), creator=member)
    assert use.image == Photo.objects.get(title="door.jpg", creator=member)
    assert use.image.organization == holding.organization


def test_objects_are_found_by_what_is_attached(holding, photos):
    hosts = type(holding).objects
    holding.images.attach(photos[0], is_cover=True, caption_position="above")
    assert list(hosts.filter(images__image__photographer="Ada")) == [holding]
    assert list(hosts.filter(images__caption_position="above").with_cover()) == [holding]
    assert not hosts.filter(images__image=photos[1]).exists()
    assert not hosts.exclude(images__image=photos[0]).exists()
    synced = holding.images.sync(photos[1:])
    assert synced.attached == (photos[1].pk, photos[2].pk)
    assert synced.detached == (photos[0].pk,)
    assert not hosts.with_cover().exists()


def test_only_the_version_that_cuts_off_edges_follows_the_focal_point(
    photos, files, django_capture_on_commit_callbacks
):
    image, old = photos[0], photos[0].versions
    with django_capture_on_commit_callbacks(execute=True):
        Photo.objects.set_focal_point(image, 0.1, 0.5)
    image.refresh_from_db()
    assert {name for name, one in image.versions.items() if one != old[name]} == {"square"}
    assert image.status == "ready"
    assert set(image.keys) <= set(stored_keys(files))
    assert not files.exists(old["square"].key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [Image, Photo])
def test_files_of_rows_in_both_tables_go_with_the_last(photos, on_default_tables, first):
    shared = ("file", "organization_id", "width", "height", "byte_size", "versions")
    Image.objects.create(**{name: getattr(photos[0], name) for name in shared})
    rows = {model: model.objects.filter(file=photos[0].key) for model in (Image, Photo)}
    rows.pop(first).delete()
    assert set(photos[0].keys) <= set(stored_keys())
    for last in rows.values():
        last.delete()
    assert not set(photos[0].keys) & set(stored_keys())
    on_default_tables.clear()


def test_the_constraints_are_on_the_hosts_table(holding, photos):
    holding.images.attach(photos[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        PhotoUse.objects.create(image=photos[0], content_object=holding)


def test_lists_cost_a_constant_number_of_queries(
    acme, photos, monkeypatch, django_assert_num_queries
):
    books = [Book(organization=acme, name=name) for name in ("Emma", "Persuasion")]
    others = [
        Reading(organization=acme, name="Tuesday"),
        Branch(organization=acme, name="North", code="north-2"),
    ]
    for holding in [*books, *others]:
        holding.save()
        holding.images.attach_many(photos)
    with storage_calls(monkeypatch) as calls:
        with django_assert_num_queries(3):
            listed = list(Book.objects.prefetch_images())
        with django_assert_num_queries(1):
            prefetch_images([*books, *others])
        with django_assert_num_queries(0):
            uses = [use for holding in [*listed, *books, *others] for use in shown(holding)]
        with django_assert_num_queries(2):
            covers = [book.images.cover() for book in Book.objects.prefetch_images(cover_only=True)]
    assert len(uses) == 6 * 3
    assert [cover.image for cover in covers] == [photos[0]] * 2
    assert calls == []


def shown(holding) -> list[str]:
    assert holding.images.cover() == holding.images.all()[0]
    return [use.image.versions["square"].url for use in holding.images.all()]


def test_files_go_with_their_rows(
    acme, holding, photos, files, django_capture_on_commit_callbacks, django_assert_num_queries
):
    holding.images.attach_many(photos)
    assert len(stored_keys(files)) == 12
    with django_capture_on_commit_callbacks(execute=True):
        photos[0].delete()
    assert len(stored_keys(files)) == 8
    with django_capture_on_commit_callbacks(execute=True):
        Photo.objects.by("Ada").filter(title="1.jpg").delete()
    assert stored_keys(files) == sorted(photos[2].keys)
    holding.delete()
    assert not PhotoUse.objects.exists()
    assert list(Photo.objects.all()) == photos[2:]
    assert not FileDeletion.objects.exists()


def test_files_go_when_an_organization_goes(
    acme, photos, files, django_capture_on_commit_callbacks, on_default_tables
):
    with django_capture_on_commit_callbacks(execute=True):
        acme.delete()
    assert not Photo.objects.exists()
    assert stored_keys(files) == []
    # Django queries every table that may refer to the organization.
    assert all(sql.startswith("SELECT") for sql in on_default_tables)
    on_default_tables.clear()


def test_a_foreign_key_of_the_host_keeps_an_image_and_its_files(
    photos, files, django_capture_on_commit_callbacks
):
    Poster.objects.create(photo=photos[0])
    for delete in (photos[0].delete, Photo.objects.all().delete):
        with (
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(ProtectedError),
            transaction.atomic(),
        ):
            delete()
    assert Photo.objects.count() == 3
    assert len(stored_keys(files)) == 12


def test_a_field_that_the_model_does_not_have_leaves_nothing_behind(acme, files):
    with pytest.raises(TypeError, match="photographers"):
        Photo.objects.upload(upload_of(photo()), organization=acme, photographers="Ada")
    assert stored_keys(files) == []


@pytest.mark.django_db(transaction=True)
def test_workers_find_the_hosts_images(acme, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"GENERATE": "tests.tasks.engine.give"}
    image = Photo.objects.upload(upload_of(photo()), organization=acme, photographer="Ada")
    assert engine.waiting() == [["generate", "archive.photo", str(image.pk), "default"]]
    engine.work()
    image.refresh_from_db()
    assert (image.status, image.photographer) == ("ready", "Ada")
    image.delete()
    engine.work()
    assert stored_keys() == []
    assert not FileDeletion.objects.exists()
