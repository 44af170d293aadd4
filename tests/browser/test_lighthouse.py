"""Lighthouse on the gallery: a phone's window, two of its pixels to one of CSS, a slow network."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tests.browser.actions import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.helpers import require

pytestmark = pytest.mark.django_db(transaction=True)

# Without "image-delivery-insight", which asks for no more pixels than a coarse screen has.
AUDITS_OF_IMAGES = (
    "image-aspect-ratio",
    "image-size-responsive",
    "lcp-lazy-loaded",
    "modern-image-formats",
    "offscreen-images",
    "unsized-images",
    "uses-optimized-images",
    "uses-responsive-images",
)


@pytest.fixture
def report(npm, exhibition, live_server, tmp_path) -> dict[str, Any]:
    require(CHROMIUM)
    flags = " ".join(["--headless=new", *CHROMIUM_ARGUMENTS])
    command = [
        "node",
        str(npm / "lighthouse" / "cli" / "index.js"),
        f"{live_server.url}/",
        "--quiet",
        "--output=json",
        f"--output-path={tmp_path / 'report.json'}",
        "--only-categories=accessibility,best-practices,performance",
        "--disable-full-page-screenshot",
        f"--chrome-flags={flags}",
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"CHROME_PATH": str(CHROMIUM)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    return found


def test_the_gallery_has_nothing_to_mend(report, record_property):
    scores = {name: category["score"] for name, category in report["categories"].items()}
    record_property("performance", scores.pop("performance"))  # of this machine, not of the page
    assert scores == {"accessibility": 1, "best-practices": 1}, _failed(report)
    assert report["audits"]["cumulative-layout-shift"]["numericValue"] == 0
    assert report["audits"]["errors-in-console"]["score"] == 1
    assert _scores(report) == dict.fromkeys(AUDITS_OF_IMAGES, 1)


def _scores(report: dict[str, Any]) -> dict[str, float]:
    audits = {name: report["audits"][name] for name in AUDITS_OF_IMAGES}
    return {
        name: 1 if audit["scoreDisplayMode"] == "notApplicable" else audit["score"]
        for name, audit in audits.items()
    }


def _failed(report: dict[str, Any]) -> list[str]:
    audits = report["audits"].values()
    return [audit["title"] for audit in audits if audit["score"] not in (None, 1)]
