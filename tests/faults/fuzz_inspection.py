"""Fuzzes the inspection, decoding and cleaning of originals with atheris, for a bounded time.

    python tests/faults/fuzz_inspection.py [SECONDS] [SEED]

With 0 seconds it only takes the pictures from which it would start, so that the result is the same
each time.
A file must be refused with ``InvalidImage``, or give all of its versions, and have the same pixels
without its metadata. Neither may take more than ``CPU`` seconds, nor the process more than
``MEMORY`` megabytes. The exit code is not 0 if one does, and the file is kept where libFuzzer says.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

CPU, MEMORY = 5, 700
"""Seconds for one file, which libFuzzer measures as wall time, so for a machine that is not idle;
and megabytes of the whole process, of which Python, Django, Pillow and the fuzzer need about 150.
"""
LIMITS = {"MAX_BYTES": 64 * 1024, "MAX_PIXELS": 1_000_000}
ROOT = Path(__file__).parents[2]


def fuzz(corpus: str, seconds: str, seed: str) -> None:
    """Run the fuzzer in this process, which it ends."""
    import atheris

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    with atheris.instrument_imports(include=["django_polyimages.pixels"]):
        django.setup()
        from django_polyimages.pixels import inspection, removal, scaling

    from django.core.files.base import ContentFile
    from django.test import override_settings

    from django_polyimages.errors import InvalidImage
    from django_polyimages.specs import VersionSpec
    from tests.settings import POLYIMAGES

    specs = [VersionSpec("small", 32, 32), VersionSpec("square", 16, 16, mode="fill")]

    def versions_of(content: bytes, *, strip: bool) -> tuple[bytes, int]:
        """The pixels, and how many versions there are."""
        file = ContentFile(content)
        if strip:
            file, facts = removal.inspect_without_metadata(file)
        else:
            facts = inspection.inspect(file)
        plan = scaling.plan(facts, specs)
        picture = scaling.decode(file, plan)
        pixels = scaling.as_image(picture).tobytes()
        versions = scaling.render(scaling.prepare(picture, plan), plan)
        return pixels, sum(len(group) for group, one in versions if scaling.encode(one, group[0]))

    def one_input(content: bytes) -> None:
        try:
            pixels, number = versions_of(content, strip=False)
        except InvalidImage:
            return
        assert number == len(specs), number
        try:
            assert versions_of(content, strip=True) == (pixels, number)
        except InvalidImage:
            return

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    bound = f"-max_total_time={seconds}" if int(seconds) else "-runs=0"
    options = [
        bound, f"-seed={seed}", f"-timeout={CPU}", "-print_final_stats=1",
        f"-rss_limit_mb={MEMORY}", f"-max_len={LIMITS['MAX_BYTES']}", "-verbosity=1",
        f"-artifact_prefix={tempfile.gettempdir()}/fuzz-", corpus,
    ]  # fmt: skip
    with override_settings(POLYIMAGES=POLYIMAGES | LIMITS):
        atheris.Setup([sys.argv[0], *options], one_input)
        atheris.Fuzz()


def write_seeds(folder: Path) -> None:
    """Small pictures of all kinds, from which the fuzzer starts."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.pixels.odd_files import ODD
    from tests.private import PRIVATE

    for number, content in enumerate([*PRIVATE.values(), *ODD.values()]):
        if len(content) <= LIMITS["MAX_BYTES"]:
            (folder / str(number)).write_bytes(content)


def main(seconds: str = "60", seed: str = "1") -> int:
    with tempfile.TemporaryDirectory() as folder:
        write_seeds(Path(folder))
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'example_project'}:{ROOT / 'src'}"
        }
        command = [sys.executable, __file__, "--fuzz", folder, seconds, seed]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    output = (done.stdout + done.stderr).splitlines()
    shown = output if done.returncode else [line for line in output if line.startswith("stat::")]
    shown.append(f"seed {seed}, {seconds} s: {'failed' if done.returncode else 'nothing found'}")
    sys.stdout.write("\n".join(shown[-60:]) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "example_project"), str(ROOT / "src")]
    if sys.argv[1:2] == ["--fuzz"]:
        fuzz(*sys.argv[2:])
    else:
        sys.exit(main(*sys.argv[1:]))
