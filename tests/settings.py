"""The example project as the host for the tests; ``DATABASE_URL`` selects another database."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES, POLYIMAGES, STORAGES

if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql

    # Django requires mysqlclient, which has no wheel; PyMySQL replaces it.
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
    # Not the collation of the connection, and one in which full-width digits equal ASCII digits.
    DATABASES["default"]["TEST"] = {"COLLATION": "utf8mb4_unicode_ci"}

# A second database, to check that rows are written to the right one.
DATABASES["other"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DEBUG = False
UPLOAD_RATE = "1000000/m"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "polyimages": {
        "BACKEND": "django.core.files.storage.InMemoryStorage",
        "OPTIONS": {"base_url": "/media/"},
    },
}
# Tests of a storage for originals alone choose it themselves.
POLYIMAGES = POLYIMAGES | {"ORIGINAL_STORAGE": None}
