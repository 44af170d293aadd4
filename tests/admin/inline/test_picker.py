from __future__ import annotations

import pytest

from tests.admin.inline.sending import url_of

pytestmark = pytest.mark.django_db


def test_the_library_knows_the_organization(admin_client, contact, acme):
    page = admin_client.get(url_of(contact)).content.decode()
    assert 'data-url="/admin/polyimages/image/library/"' in page
    assert f'data-organization="{acme.pk}"' in page
    assert 'data-organization-input="id_organization"' in page
