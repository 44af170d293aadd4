from __future__ import annotations

import pytest
from django.db import models, transaction
from django.test.utils import isolate_apps

from contacts.models import Contact
from django_polyimages.models import FileDeletion, Image, deletions
from django_polyimages.models.cascades import _paths, schedule_with_others
from organizations.models import Organization
from tests.builders import fake_images, uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


def scheduled() -> list[list[str]]:
    return sorted(deletion.keys for deletion in FileDeletion.objects.all())


def keys_of(*images: Image) -> list[list[str]]:
    return sorted(image.keys for image in images)


class TestSchedule:
    def test_of_the_first_image_is_that_of_all_and_each_is_scheduled_once(
        self, acme, django_assert_num_queries
    ):
        images = fake_images(acme, 3)
        schedule_with_others(images[2], origin=acme, using="default")
        assert scheduled() == keys_of(*images)
        with django_assert_num_queries(0):
            for image in images[:2]:
                schedule_with_others(image, origin=acme, using="default")

    def test_finds_an_image_that_has_moved_since_django_read_it(self, acme, other):
        [image], [moved, _stays] = fake_images(acme, 1), fake_images(other, 2)
        for one in (moved, image):
            schedule_with_others(one, origin=acme, using="default")
        assert scheduled() == keys_of(image, moved)

    def test_is_made_again_for_the_same_object(self, acme):
        """What is scheduled already says nothing of rows that were inserted since."""
        for _ in range(2):
            [image] = fake_images(acme, 1)
            FileDeletion.objects.all().delete()
            schedule_with_others(image, origin=acme, using="default")
            assert scheduled() == keys_of(image)

    def test_takes_the_keys_that_the_row_has_now(self, acme):
        [image] = fake_images(acme, 1)
        Image.objects.update(file="images/new.jpg")
        schedule_with_others(image, origin=acme, using="default")
        assert scheduled()[0][0] == "images/new.jpg"

    def test_is_remembered_for_each_image_model(self, acme):
        for model, others in ((Image, {1, 2}), (Contact, {3})):
            FileDeletion.objects.schedule([["images/a.jpg"]], origin=acme, of=(model, others))
        assert FileDeletion.objects.scheduled_with(acme, Image) == {1, 2}
        assert FileDeletion.objects.scheduled_with(acme, Contact) == {3}
        assert FileDeletion.objects.scheduled_with(object(), Image) is None

    def test_inserts_many_in_parts(self, acme, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(deletions, "AT_ONCE", 2)
        [first, *_others] = fake_images(acme, 5)
        with django_assert_num_queries(1 + 3):
            schedule_with_others(first, origin=acme, using="default")


@pytest.mark.django_db(transaction=True)
class TestFiles:
    def test_of_a_deletion_that_a_savepoint_undoes_go_with_the_next_one(self, acme):
        key, _images = acme.pk, [uploaded(acme), uploaded(acme)]
        with transaction.atomic():
            savepoint = transaction.savepoint()
            acme.delete()
            transaction.savepoint_rollback(savepoint)
            acme.pk = key
            acme.delete()
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_of_an_image_that_stays_are_kept(self, acme, other):
        """A queryset may find more now than when Django read it."""
        gone, stays = uploaded(acme), uploaded(other)
        with transaction.atomic():
            schedule_with_others(gone, origin=Organization.objects.all(), using="default")
            assert scheduled() == keys_of(gone, stays)
            Image._base_manager.filter(pk=gone.pk)._raw_delete("default")
        assert stored_keys() == sorted(stays.keys)


class TestPaths:
    def test_are_chains_of_foreign_keys_that_cascade(self):
        with isolate_apps("contacts"):

            class Company(models.Model):
                class Meta:
                    app_label = "contacts"

            class Team(models.Model):
                company = models.ForeignKey(Company, models.CASCADE)
                parent = models.ForeignKey("self", models.CASCADE)

                class Meta:
                    app_label = "contacts"

            class Picture(models.Model):
                team = models.ForeignKey(Team, models.CASCADE)
                owner = models.ForeignKey(Company, models.CASCADE)
                printer = models.ForeignKey(Company, models.PROTECT)

                class Meta:
                    app_label = "contacts"

            assert list(_paths(Picture, Company)) == ["owner__pk", "team__company__pk"]
            assert list(_paths(Picture, Team)) == ["team__pk"]
            assert list(_paths(Picture, Picture)) == ["pk"]
            rows = Picture.objects.filter(team__company__pk__in=[1])
            assert "company_id" in str(rows.query)

    def test_do_not_lead_to_objects_that_images_are_only_attached_to(self):
        assert list(_paths(Image, Contact)) == []
        assert list(_paths(Image, Organization)) == ["organization__pk"]
