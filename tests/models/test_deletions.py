from __future__ import annotations

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import transaction

from django_polyimages.models import FileDeletion, Image, deletions
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestDeletion:
    def test_an_error_after_the_commit_is_not_the_caller_s(self, image, monkeypatch):
        monkeypatch.setattr(deletions, "delete_files", lambda keys: 1 / 0)
        with transaction.atomic():
            image.delete()
        assert not Image.objects.exists()
        assert FileDeletion.objects.get().keys == image.keys

    def test_that_the_storage_refuses_is_remembered_and_tried_again(self, image, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
            image.delete()
        assert not Image.objects.exists()
        assert {one.last_error for one in FileDeletion.objects.all()} == {"ZeroDivisionError"}
        assert str(FileDeletion.objects.first()).startswith("images/img_")
        FileDeletion.objects.carry_out(FileDeletion.objects.all())
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()

    def test_that_a_savepoint_of_the_host_undoes_keeps_the_files(self, image):
        """Django keeps the callbacks of a savepoint that is rolled back by hand."""
        with transaction.atomic():
            savepoint = transaction.savepoint()
            image.delete()
            transaction.savepoint_rollback(savepoint)
        assert stored_keys() == sorted(Image.objects.get().keys)
