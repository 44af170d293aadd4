from __future__ import annotations

import pytest
from django.db import connection, transaction

from django_polyimages.errors import StorageUnavailable
from django_polyimages.pipeline.early import store_early
from django_polyimages.pipeline.store import store
from tests.drawing import photo, upload_of
from tests.helpers import keys_of, stored_keys

pytestmark = pytest.mark.django_db(transaction=True)


class Interrupted(Exception):
    pass


def test_what_was_stored_early_is_not_stored_again():
    file = upload_of(photo())
    with transaction.atomic():
        store_early(file, using="default")
        before = stored_keys()
        assert len(before) == 5
        with store(file, using="default") as stored:
            assert keys_of(stored) == before
    assert stored_keys() == before


def test_it_makes_no_query(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(0):
        store_early(upload_of(photo()), using="default")


def test_a_rollback_deletes_the_files():
    with pytest.raises(Interrupted), transaction.atomic():
        store_early(upload_of(photo()), using="default")
        assert stored_keys() != []
        raise Interrupted
    assert stored_keys() == []


def test_a_rollback_deletes_the_files_of_rows_too():
    file = upload_of(photo())
    with pytest.raises(Interrupted), transaction.atomic():
        store_early(file, using="default")
        with store(file, using="default"):
            pass
        raise Interrupted
    assert stored_keys() == []


def test_a_commit_deletes_files_that_nobody_needed():
    with transaction.atomic():
        store_early(upload_of(photo()), using="default")
    assert stored_keys() == []


def test_the_same_file_can_be_stored_again_later():
    file = upload_of(photo())
    with transaction.atomic():
        store_early(file, using="default")
        with store(file, using="default") as first:
            pass
    with store(file, using="default") as second:
        pass
    assert stored_keys() == sorted(keys_of(first) + keys_of(second))


def test_outside_of_a_transaction_nothing_happens():
    assert not connection.in_atomic_block
    store_early(upload_of(photo()), using="default")
    assert stored_keys() == []


def test_a_storage_that_fails(monkeypatch):
    def refuse(self, name, content):
        raise ConnectionResetError

    monkeypatch.setattr("django.core.files.storage.InMemoryStorage._save", refuse)
    with pytest.raises(StorageUnavailable), transaction.atomic():
        store_early(upload_of(photo()), using="default")
