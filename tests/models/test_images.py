from __future__ import annotations

import pytest

from tests.builders import uploaded
from tests.helpers import storage_calls

pytestmark = pytest.mark.django_db


class TestVersions:
    def test_a_url_costs_no_call(self, image, monkeypatch):
        with storage_calls(monkeypatch) as calls:
            urls = [version.url for version in image.versions.values()] + [image.url]
        assert all(url.startswith("/media/images/img_") for url in urls)
        assert calls == []

    def test_a_missing_version_is_replaced_by_the_next_larger_one(self, acme):
        image = uploaded(acme, 3000, 2000)
        assert image.version("sm") == image.versions["sm"]
        medium, large = image.versions["md"], image.versions["lg"]
        del image.versions["sm"]
        assert image.version("sm") == medium
        image.versions = {"md": medium}
        assert image.version("lg") == medium
        image.versions = {"lg": large}
        assert image.version("thumb") == large
        image.versions = {}
        assert image.version("thumb") is None
        with pytest.raises(KeyError, match="no version 'small'; choose from thumb, sm, md, lg"):
            image.version("small")

    def test_what_is_larger_is_seen_at_the_version_and_not_at_its_box(self, acme):
        wide = uploaded(acme, 4000, 500)
        del wide.versions["sm"]
        assert wide.version("sm") == wide.versions["md"]
