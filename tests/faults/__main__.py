"""``python -m tests.faults``: the kills of the fault campaign, with a real S3 server.

``DATABASE_URL`` names the server of a database; a database of its own is made there, and removed.
Without it, SQLite is used.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path

from tests import seaweedfs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="in all (%(default)s)")
    parser.add_argument("--meetings", type=int, default=20, help="of each kind (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices (%(default)s)")
    parser.add_argument("--minutes", type=float, default=60, help="at most (%(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="ACTION", help="and no others")
    parser.add_argument("--short", action="store_true", help="the points of upload and delete")
    parser.add_argument(
        "--without", metavar="PROTECTION", help="turn a protection off: a name, or all one by one"
    )
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        (folder / "uploads").mkdir()
        (folder / "s3").mkdir()
        if not (endpoint := os.environ.get("FAULTS_S3")):
            endpoint = stack.enter_context(seaweedfs.running(folder / "s3")).http
        os.environ |= {
            "POLYIMAGES_S3_ENDPOINT": endpoint,
            "POLYIMAGES_S3_BUCKET": f"faults-{uuid.uuid4().hex}",
            "POLYIMAGES_S3_ACCESS_KEY": seaweedfs.ACCESS_KEY,
            "POLYIMAGES_S3_SECRET_KEY": seaweedfs.SECRET_KEY,
            "FAULTS_UPLOADS": str(folder / "uploads"),
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        }
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder / 'faults.sqlite3'}")
        sys.path.insert(0, str(Path(__file__).parents[2] / "example_project"))
        import django

        django.setup()
        from tests.faults.run import run

        return run(arguments, folder)


if __name__ == "__main__":
    sys.exit(main())
