from __future__ import annotations

import pytest
from django.core.files.storage import InMemoryStorage

from django_polyimages.pipeline.deleting import delete_files
from tests.helpers import keys_of, store_one, stored_keys

pytestmark = pytest.mark.django_db


def test_delete_files_says_which_could_not_be_removed(monkeypatch):
    stored = store_one()
    real = InMemoryStorage.delete

    def delete(self, name):
        if "_sm" in name:
            raise ConnectionResetError
        real(self, name)

    monkeypatch.setattr(InMemoryStorage, "delete", delete)
    refused = stored.generated.versions["sm"].key
    assert delete_files(keys_of(stored)) == {refused: "ConnectionResetError"}
    assert stored_keys() == [refused]
