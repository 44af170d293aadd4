"""The example project as the processes of the campaign run it; the environment says where."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES, POLYIMAGES
from django_polyimages.specs import DEFAULT_VERSIONS, VersionSpec

if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}  # and not in memory

DEBUG = False
ALLOWED_HOSTS = ["*"]
UPLOAD_RATE = "1000000/m"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
FILE_UPLOAD_TEMP_DIR = os.environ["FAULTS_UPLOADS"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 10_000  # so that uploads are temporary files, as photos are
CROPS = {"square": (200, 200)}
POLYIMAGES = POLYIMAGES | {
    "VERSIONS": [*DEFAULT_VERSIONS, VersionSpec("square", *CROPS["square"], mode="fill")],
}
