"""Fixtures of all hosts; ``tests/conftest.py`` is for the example project."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.storage import InMemoryStorage
from django.test import Client

from django_polyimages import storage


@pytest.fixture(autouse=True)
def files(settings) -> InMemoryStorage:
    """A storage in memory for this test only."""
    settings.STORAGES = settings.STORAGES | {}
    backend = storage.get_storage()
    assert isinstance(backend, InMemoryStorage)
    return backend


@pytest.fixture
def acme(db) -> Group:
    return Group.objects.create(name="acme")


@pytest.fixture
def member(acme) -> User:
    user = User.objects.create_user("member")
    user.groups.add(acme)
    return user


@pytest.fixture
def client(member) -> Client:
    """Logged in as a member of Acme."""
    client = Client()
    client.force_login(member)
    return client
