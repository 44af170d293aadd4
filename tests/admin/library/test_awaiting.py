from __future__ import annotations

import pytest

from tests.admin.conftest import LIST
from tests.builders import uploaded

pytestmark = pytest.mark.django_db


def marks(page: str) -> int:
    return page.count("data-polyimages-pending")


def test_a_pending_image_is_marked_in_the_list_and_on_its_own_page(admin_client, acme, task_engine):
    image = uploaded(acme)
    page = admin_client.get(LIST).content.decode()
    mark = f'<span data-polyimages-pending="{image.pk}" data-part="%s" data-url="{LIST}pending/">'
    assert (mark % "thumbnail") + '<img class="polyimages-thumbnail"' in page
    assert (mark % "state") + '<span class="polyimages-pending">pending</span></span>' in page
    assert marks(page) == 2
    own = admin_client.get(f"{LIST}{image.pk}/change/").content.decode()
    assert marks(own) == 3
    for part in ("picture", "versions", "state"):
        assert f'data-polyimages-pending="{image.pk}" data-part="{part}"' in own


def test_no_other_image_is_marked(admin_client, image):
    assert marks(admin_client.get(LIST).content.decode()) == 0
    assert marks(admin_client.get(f"{LIST}{image.pk}/change/").content.decode()) == 0
