from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import with_redis
from tests.drawing import photo
from tests.engines.site import Site
from tests.helpers import require
from with_redis import Redis

NEEDS_REDIS = {"rq", "celery"}
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.engines.settings"}


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Redis server for one test."""
    program = Path(shutil.which("redis-server") or "/usr/bin/redis-server")
    require(program)
    with with_redis.running(str(program)) as server:
        yield server


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Path:
    """A database with all tables and no rows, also those of the engine that needs some."""
    folder = tmp_path_factory.mktemp("migrated")
    Site.create("database", folder, **SETTINGS)
    return folder / "db.sqlite3"


@pytest.fixture
def site(request, tmp_path, database) -> Site:
    """The example with the engine ``request.param``."""
    shutil.copy(database, tmp_path)
    is_redis = request.param in NEEDS_REDIS
    urls = {"REDIS_URL": request.getfixturevalue("redis").url} if is_redis else {}
    return Site.of(request.param, tmp_path, **SETTINGS, **urls)


@pytest.fixture
def picture(tmp_path) -> str:
    """The path of a photo with 2 MP."""
    return _saved(tmp_path / "photo.jpg", 1600, 1200)


@pytest.fixture
def large(tmp_path) -> str:
    """The path of a photo with 12 MP, whose versions take longer."""
    return _saved(tmp_path / "large.jpg", 4000, 3000)


def _saved(path: Path, width: int, height: int) -> str:
    path.write_bytes(photo(width, height))
    return str(path)
