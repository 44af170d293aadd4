from __future__ import annotations

import hypothesis
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage
from django.test import Client

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import storage
from django_polyimages.models import Image
from organizations.models import Membership, Organization
from tests.drawing import photo, upload_of

collect_ignore = ["own_models", "own_relation"]  # a project of its own, run by test_own_models
hypothesis.settings.register_profile("busy machines", deadline=None)
hypothesis.settings.load_profile("busy machines")


@pytest.fixture(autouse=True)
def files(settings) -> InMemoryStorage:
    """The storage of this test alone, in memory. Its files: ``stored_keys(files)``."""
    settings.STORAGES = settings.STORAGES | {}
    backend = storage.get_storage()
    assert isinstance(backend, InMemoryStorage)
    return backend


@pytest.fixture
def acme(db) -> Organization:
    return Organization.objects.create(name="Acme", slug="acme")


@pytest.fixture
def other(db) -> Organization:
    return Organization.objects.create(name="Other", slug="other")


@pytest.fixture
def editor(acme) -> User:
    user = User.objects.create_user("editor", password="secret")
    Membership.objects.create(user=user, organization=acme, role="editor")
    return user


@pytest.fixture
def contact(acme) -> Contact:
    return Contact.objects.create(organization=acme, name="Ada")


@pytest.fixture
def product(acme) -> Product:
    return Product.objects.create(organization=acme, name="Lamp")


@pytest.fixture
def image(acme) -> Image:
    return Image.objects.upload(upload_of(photo()), organization=acme)


@pytest.fixture
def client(editor) -> Client:
    """Logged in as an editor of Acme."""
    client = Client()
    client.force_login(editor)
    return client
