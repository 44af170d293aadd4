from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import InMemoryStorage, Storage
from django.test import Client

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.models.joins.deleting import forget_announced
from django_polyimages.pipeline.rollback import wait_for_removals
from organizations.models import Membership, Organization
from tests import seaweedfs
from tests.builders import uploaded
from tests.helpers import require
from tests.tasks import engine

if find_spec("django_tasks"):
    # Forgets backends once a test has changed TASKS, as the app would if it was installed.
    import_module("django_tasks.signals")

collect_ignore = ["hosts"]  # projects run by test_hosts
hypothesis.settings.register_profile("busy machines", deadline=None)
hypothesis.settings.load_profile("busy machines")
pytest_plugins = ["tests.side_by_side"]
BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test in a browser is slow; other files say so themselves."""
    for item in items:
        if item.path.is_relative_to(BROWSER):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Every content type is known before a test counts queries.

    A process forgets them when the tables of a transactional test are emptied, so that the
    queries of a test would otherwise depend on which tests ran before it.
    """
    fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    if fixtures or item.get_closest_marker("django_db"):
        ContentType.objects.get_for_models(*apps.get_models())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """A test that installs an app does so in a process of its own.

    The admin would keep its models, and pages of later tests fail because of them.
    """
    yield
    labels = {model._meta.app_label for model in admin.site._registry}
    assert labels <= apps.app_configs.keys()


@pytest.fixture(autouse=True)
def files(settings) -> InMemoryStorage:
    """The storage of this test alone, in memory. Its files: ``stored_keys(files)``."""
    assert wait_for_removals(10)  # of the test before, whose transaction was rolled back
    forget_announced()  # what that test has collected, which would be locked by this one
    settings.STORAGES = settings.STORAGES | {}
    backend = storage.get_storage()
    assert isinstance(backend, InMemoryStorage)
    return backend


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory) -> Iterator[seaweedfs.Server]:
    """One for all tests of a process."""
    require(seaweedfs.weed())
    with seaweedfs.running(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def originals(files, settings) -> Storage:
    """The storage of originals alone; ``files`` then holds versions only."""
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"originals": memory}
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    return storage.get_original_storage()


@pytest.fixture
def task_engine(settings) -> Iterator[ModuleType]:
    """A task engine whose jobs wait until the test calls ``task_engine.work()``."""
    settings.POLYIMAGES = settings.POLYIMAGES | {"GENERATE": "tests.tasks.engine.give"}
    yield engine
    engine.lose_all()


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
    return uploaded(acme)


@pytest.fixture
def large(acme) -> Image:
    """An image with a version of each size, whose text has to be escaped."""
    return uploaded(acme, 3000, 2000, alt_text='A "door" & <gate>')


@pytest.fixture
def client(editor) -> Client:
    """Logged in as an editor of Acme."""
    client = Client()
    client.force_login(editor)
    return client
