"""The example project, as the host of the tests; ``DATABASE_URL`` names another database."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES, STORAGES

if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql

    # Django asks for mysqlclient, which has no wheel; PyMySQL stands in for it.
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
    # Not the collation of the connection, and one that finds full-width digits for 1.
    DATABASES["default"]["TEST"] = {"COLLATION": "utf8mb4_unicode_ci"}

# A second database, to see that each row is written where it belongs.
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
