"""What an upload of 12 megapixels costs with other settings of glibc's allocator (``man mallopt``).

    .venv-bench/bin/python -m benchmarks.allocator

After ``make bench`` has made the pictures. Each row is a process of its own: two uploads first,
then takes turns with the limit. Figures are medians; pages are those that the kernel had to map.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.compare.candidates import chosen
from benchmarks.compare.cell import memory
from benchmarks.compare.job import PROJECT
from benchmarks.compare.originals import made
from benchmarks.compare.site import create_tables, start
from benchmarks.limit import limit, measure

ROUNDS = 8
KEPT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
}


def main(name: str) -> str:
    """The figures of one process, as cells of the table."""
    [candidate] = chosen(name)
    with tempfile.TemporaryDirectory() as folder:
        job = start(candidate, Path(folder))
        create_tables(job)
        content = made("12mp").read_bytes()
        upload = lambda original: job.upload(original, "photo.jpg")  # noqa: E731
        for work in (upload, upload, limit):
            work(content)
        costs, limits, pages = [], [], []
        for _round in range(ROUNDS):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            costs.append(measure(upload, content)[0])
            pages.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
            limits.append(measure(limit, content)[0])
    cost, most = statistics.median(costs), memory("VmHWM")
    return (
        f"{cost:.0f} | {cost / statistics.median(limits):.2f} | {statistics.median(pages):,.0f} "
        f"| {most:.0f} MB | {memory('VmRSS'):.0f} MB"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(main(sys.argv[1]), flush=True)
        os._exit(0)  # threads of a pool need not end first
    print("| | variables | CPU ms | of L | pages | at most | afterwards |\n" + "|---" * 7 + "|")
    for each in ("polyimages", "polyimages-fast"):
        for title, variables in (("none", {}), ("all three", KEPT)):
            command = [sys.executable, "-m", "benchmarks.allocator", each]
            done = subprocess.run(
                command, cwd=PROJECT, env=os.environ | variables, stdout=subprocess.PIPE, check=True
            )
            figures = done.stdout.decode().strip()
            print(f"| {chosen(each)[0].label} | {title} | {figures} |", flush=True)
