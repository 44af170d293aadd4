from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_polyimages import VersionSpec
from django_polyimages.models import FileDeletion, Image, deletions
from django_polyimages.models.ownership import keys_in_use
from tests.builders import fake_images, uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True)


def copy_of(image: Image, **changes: object) -> Image:
    """A copy as Django's documentation makes one."""
    copy = Image.objects.get(pk=image.pk)
    copy.pk, copy._state.adding = None, True
    for name, value in changes.items():
        setattr(copy, name, value)
    copy.save()
    return copy


@pytest.fixture
def cropped(settings, acme) -> Image:
    """An image with a version that follows the focal point."""
    specs = [VersionSpec("square", 50, 50, mode="fill"), VersionSpec("sm", 64, 64)]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
    return uploaded(acme)


class TestFilesOfACopiedRow:
    @pytest.mark.parametrize(
        "delete",
        [
            lambda image: image.delete(),
            lambda image: Image.objects.filter(pk=image.pk).delete(),
            lambda image: image.organization.delete(),
        ],
        ids=["one", "bulk", "cascade"],
    )
    @pytest.mark.parametrize("first", ["the original row", "the copy"])
    def test_go_with_the_last_row(self, image, other, delete, first):
        rows = [image, copy_of(image, organization=other)]
        if first == "the copy":
            rows.reverse()
        delete(rows[0])
        assert stored_keys() == sorted(image.keys)
        assert not FileDeletion.objects.exists()
        delete(rows[1])
        assert stored_keys() == []

    @pytest.mark.parametrize("at_once", [True, False])
    def test_go_if_all_rows_are_deleted_together(self, image, at_once):
        copy_of(image), copy_of(image), uploaded(image.organization)
        if at_once:
            Image.objects.all().delete()
        else:
            with transaction.atomic():
                for one in Image.objects.all():
                    one.delete()
        assert (stored_keys(), FileDeletion.objects.count()) == ([], 0)

    def test_stay_if_the_deletion_of_the_last_is_rolled_back(self, image):
        copy_of(image).delete()
        with pytest.raises(RuntimeError), transaction.atomic():
            image.delete()
            raise RuntimeError
        assert stored_keys() == sorted(image.keys)

    def test_stay_when_versions_of_one_row_are_regenerated(self, image):
        copy = copy_of(image)
        Image.objects.regenerate(image, everything=True)
        assert set(copy.keys) & set(image.keys) == {image.key}
        assert stored_keys() == sorted({*copy.keys, *image.keys})
        Image.objects.regenerate(copy, everything=True)
        assert stored_keys() == sorted({*copy.keys, *image.keys})
        copy.delete()
        assert stored_keys() == sorted(image.keys)

    def test_stay_when_the_focal_point_of_one_row_moves(self, cropped):
        copy = copy_of(cropped)
        Image.objects.set_focal_point(cropped, 0.1, 0.9)
        cropped.refresh_from_db()
        assert cropped.versions["square"].key != copy.versions["square"].key
        assert stored_keys() == sorted({*copy.keys, *cropped.keys})
        copy.delete()
        assert stored_keys() == sorted(cropped.keys)

    def test_whose_specs_are_gone_stay_for_the_other_row(self, image, settings):
        copy = copy_of(image)
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [VersionSpec("tiny", 9, 9)]}
        Image.objects.regenerate(image)
        assert stored_keys() == sorted({*copy.keys, *image.keys})

    def test_may_have_any_name(self, image, files):
        """As those of a host that imported rows of its own."""
        image.file.name = files.save("photos/holiday_sm.jpg", image.file)
        image.save(update_fields=["file"])
        copy = copy_of(image)
        Image.objects.regenerate(image, everything=True)
        image.delete()
        assert files.exists("photos/holiday_sm.jpg")
        assert all(files.exists(key) for key in copy.keys)
        copy.delete()
        assert stored_keys(files, "photos") == []

    def test_stay_whatever_was_refused_before(self, image, monkeypatch):
        """A deletion that is tried again asks again."""
        copy = copy_of(image)
        with monkeypatch.context() as patch:
            patch.setattr(deletions, "delete_files", lambda keys: 1 / 0)
            image.delete()
        FileDeletion.objects.carry_out(list(FileDeletion.objects.all()))
        assert stored_keys() == sorted(copy.keys)
        assert not FileDeletion.objects.exists()

    def test_a_record_of_the_release_before_names_its_original_first(self, image):
        FileDeletion.objects.create(keys=image.keys)
        FileDeletion.objects.carry_out(list(FileDeletion.objects.all()))
        assert stored_keys() == sorted(image.keys)


def test_the_row_without_a_file_has_no_files(acme):
    [image] = fake_images(acme, 1)
    Image.objects.update(file="", versions={})
    image.refresh_from_db()
    assert image.keys == []
    image.delete()
    assert not FileDeletion.objects.exists()


@pytest.mark.parametrize("count", [1, 400])
def test_looking_up_is_one_query_for_any_number(acme, count):
    fake_images(acme, count)
    with CaptureQueriesContext(connection) as queries:
        Image.objects.all().delete()
    lookups = [query["sql"] for query in queries if '"file" IN' in query["sql"].replace("`", '"')]
    assert len(lookups) == 1


def test_thousands_are_looked_up_in_parts(acme):
    fake_images(acme, 1200)
    keys = set(Image.objects.values_list("file", flat=True))
    assert keys <= keys_in_use(keys, using="default")


def test_looking_up_uses_an_index():
    indexes = connection.introspection.get_constraints(connection.cursor(), "polyimages_image")
    assert ["file"] in [index["columns"] for index in indexes.values() if index["index"]]
