"""What the first upload of a process costs, compared with later ones; and its first signed URL.

    .venv/bin/python benchmarks/first_upload.py [PROCESSES] [SOURCE]

Each figure is a median of so many fresh processes (9), in turns. The files go to SeaweedFS, which
answers each request 20 ms later. ``after a request`` is a process that has answered one request of
anything else. With ``SOURCE``, the folder ``src`` of another checkout, that one is measured.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from itertools import product
from pathlib import Path

UPLOADS = {"small picture": 10, "12 MP": 4}
STARTS = ("cold", "after a request")
WORK = ("URLs", *UPLOADS)
IDLE = 1.5
"""Seconds in which a process connects in the background, even on a busy machine."""


def child(start: str, work: str, photo: str) -> None:
    """Print the CPU and wall milliseconds of each step as JSON."""
    import example  # noqa: F401 (sets Django up)

    from django.core.files.base import ContentFile
    from django.test import Client

    from django_polyimages.models import Image
    from organizations.models import Organization

    content = Path(photo).read_bytes() if photo else b""
    organization = Organization.objects.get()
    if start != "cold":
        assert Client(SERVER_NAME="127.0.0.1").get("/login/").status_code == 200
        time.sleep(IDLE)
    image = Image.objects.order_by("pk").first()

    def upload() -> None:
        Image.objects.upload(ContentFile(content, "photo.jpg"), organization=organization)

    def urls() -> None:
        found = [version.url for version in image.versions.values()]
        assert all("X-Amz-Signature" in url for url in found)

    def urls_in_a_thread() -> None:
        thread = threading.Thread(target=urls)
        thread.start()
        thread.join()

    if work == "URLs":
        steps = {"first URLs": urls, "again": urls, "in a new thread": urls_in_a_thread}
    else:
        steps = {f"upload {number}": upload for number in range(1, UPLOADS[work] + 1)}
    print(json.dumps({name: timed(step) for name, step in steps.items()}))


def timed(step) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    step()
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def run(arguments: tuple[str, str, str], more: dict[str, str]) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, __file__, "child", *arguments],
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main(processes: str = "9", source: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/db.sqlite3"
        os.environ["MEDIA_ROOT"] = f"{folder}/media"
        if source:
            os.environ["PYTHONPATH"] = f"{source}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        import example  # noqa: F401 (sets Django up)

        import delayed_s3
        from django.core.management import call_command

        from gallery import samples
        from organizations.models import Organization
        from tests.builders import fake_images
        from tests.drawing import photo
        from tests.seaweedfs import ACCESS_KEY, SECRET_KEY

        call_command("migrate", verbosity=0)
        fake_images(Organization.objects.create(name="Acme", slug="acme"), 1)
        pictures = {
            "small picture": photo(400, 300),
            "12 MP": samples.as_jpeg(samples.landscape(samples.DAWN, 1)),
        }
        paths = {"URLs": ""}
        for name, content in pictures.items():
            paths[name] = f"{folder}/{name}.jpg"
            Path(paths[name]).write_bytes(content)
        with delayed_s3.running(20) as server:
            variables = {
                "POLYIMAGES_S3_BUCKET": delayed_s3.BUCKET,
                "POLYIMAGES_S3_ENDPOINT": server.url,
                "POLYIMAGES_S3_ACCESS_KEY": ACCESS_KEY,
                "POLYIMAGES_S3_SECRET_KEY": SECRET_KEY,
            }
            found: dict[tuple[str, str], list[tuple[float, float]]] = {}
            for _ in range(int(processes)):
                for start, work in product(STARTS, WORK):
                    measured = run((start, work, paths[work]), variables)
                    for step, figures in measured.items():
                        found.setdefault((f"{start}, {work}", step), []).append(tuple(figures))
    show(found)


def show(found: dict[tuple[str, str], list[tuple[float, float]]]) -> None:
    print("| process | step | CPU ms | wall ms |\n|---|---|---|---|")
    for (mode, step), figures in found.items():
        cpu, wall = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"| {mode} | {step} | {cpu:.1f} | {wall:.1f} |")
    print("\n| process | first upload, of the last: CPU | wall |\n|---|---|---|")
    for start, (work, last) in product(STARTS, UPLOADS.items()):
        ends = (found[f"{start}, {work}", f"upload {number}"] for number in (1, last))
        pairs = list(zip(*ends, strict=True))
        cpu, wall = (statistics.median(a[part] / b[part] for a, b in pairs) for part in (0, 1))
        print(f"| {start}, {work} | {cpu:.2f} | {wall:.2f} |")


if __name__ == "__main__":
    child(*sys.argv[2:]) if sys.argv[1:2] == ["child"] else main(*sys.argv[1:])
