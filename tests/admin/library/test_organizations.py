"""How an organization is chosen for an image, and images are filtered by it."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User

from django_polyimages.admin import ImageAdmin
from django_polyimages.models import Image
from organizations.admin import OrganizationAdmin
from organizations.models import Organization
from tests.admin.conftest import LIST
from tests.builders import fake_images, staff_with
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db
FILTER = "organization__id__exact"


@pytest.fixture
def many(acme) -> list[Organization]:
    rows = (Organization(name=f"Club {number}", slug=f"club-{number}") for number in range(60))
    return Organization.objects.bulk_create(rows)


@pytest.fixture
def unsearchable(monkeypatch) -> None:
    monkeypatch.setattr(OrganizationAdmin, "search_fields", ())


def page(client, path: str = "", **query: object) -> str:
    return client.get(f"{LIST}{path}", query).content.decode()


class TestFew:
    def test_are_listed(self, admin_client, acme, other):
        fake_images(acme, 1)
        assert f'href="?{FILTER}={other.pk}"' in page(admin_client)
        form = page(admin_client, "add/")
        assert ">Other</option>" in form
        assert 'class="admin-autocomplete"' not in form

    def test_are_counted(self, admin_client, acme, other):
        fake_images(acme, 2)
        assert "Acme (2)" in page(admin_client, _facets="True")

    def test_those_that_cannot_be_chosen_in_the_form_are_not_named(
        self, admin_client, acme, other, monkeypatch
    ):
        others = Organization.objects.create(name="Hidden", slug="hidden")
        method = ImageAdmin.formfield_for_foreignkey
        seen = Organization.objects.exclude(pk=others.pk)

        def limited(self, db_field, request, **options):
            return method(self, db_field, request, **options | {"queryset": seen})

        monkeypatch.setattr(ImageAdmin, "formfield_for_foreignkey", limited)
        html = page(admin_client)
        assert "Acme" in html
        assert ">Other<" in html
        assert "Hidden" not in html

    def test_one_is_no_choice(self, admin_client, acme):
        fake_images(acme, 1)
        assert "By organization" not in page(admin_client)


@pytest.mark.usefixtures("many")
class TestMany:
    def test_are_searched_for_and_not_listed(self, admin_client, acme):
        fake_images(acme, 1)
        for html in (page(admin_client), page(admin_client, "add/")):
            assert "admin-autocomplete" in html
            assert "Club 7" not in html
            assert "select2" in html

    def test_the_filter_shows_the_chosen_one_and_keeps_the_others(self, admin_client, acme, other):
        fake_images(acme, 1)
        [theirs] = fake_images(other, 1)
        query = {FILTER: other.pk, "status__exact": "pending", "q": "0", "p": 1}
        response = admin_client.get(LIST, query)
        assert list(response.context["cl"].result_list) == [theirs]
        html = response.content.decode()
        assert f'<option value="{other.pk}" selected>Other</option>' in html
        assert '<input type="hidden" name="status__exact" value="pending">' in html
        assert '<input type="hidden" name="q" value="0">' in html
        assert '<input type="hidden" name="p"' not in html

    def test_they_are_counted_for_the_other_filters_only(self, admin_client, acme):
        fake_images(acme, 1)
        assert "unused (1)" in page(admin_client, _facets="True")

    def test_a_value_that_is_no_key_is_refused(self, admin_client, acme):
        assert admin_client.get(LIST, {FILTER: "x"}).url == f"{LIST}?e=1"

    def test_an_upload_is_for_the_chosen_one(self, admin_client, many):
        data = {"upload": upload_of(photo()), "organization": many[-1].pk}
        assert admin_client.post(f"{LIST}add/", data).status_code == 302
        assert Image.objects.get().organization == many[-1]

    @pytest.mark.parametrize("key", ["x", "1,2", "9" * 30])
    def test_what_is_no_key_is_an_error_of_the_form(self, admin_client, key):
        data = {"upload": upload_of(photo()), "organization": key}
        html = admin_client.post(f"{LIST}add/", data).content.decode()
        assert "Select a valid choice." in html
        assert admin_client.get(f"{LIST}add/", {"organization": key}).status_code == 200

    @pytest.mark.usefixtures("unsearchable")
    def test_without_a_search_the_key_is_typed(self, admin_client, acme):
        fake_images(acme, 1)
        assert f'<input type="text" name="{FILTER}"' in page(admin_client)
        form = page(admin_client, "add/")
        assert '<input type="text" name="organization"' in form
        assert "Club 7" not in form

    def test_who_may_not_view_organizations_types_the_key(self, acme):
        fake_images(acme, 1)
        client = staff_with("view_image", "add_image")
        assert f'<input type="text" name="{FILTER}"' in page(client)
        assert "admin-autocomplete" not in page(client, "add/")

    def test_and_so_does_everybody_where_the_admin_does_not_know_organizations(
        self, acme, rf, monkeypatch
    ):
        monkeypatch.delitem(admin.site._registry, Organization)
        request = rf.get("/")
        request.user = User(is_superuser=True, is_active=True)
        images = admin.site.get_model_admin(Image)
        assert images.get_autocomplete_fields(request) == ()
        field = images.formfield_for_foreignkey(Image._meta.get_field("organization"), request)
        assert field.widget.render("organization", "") == '<input type="text" name="organization">'

    def test_the_pages_stay_small(self, admin_client, acme):
        fake_images(acme, 1)
        before = len(page(admin_client))
        Organization.objects.bulk_create(
            Organization(name=f"Guild {number}", slug=f"guild-{number}") for number in range(2000)
        )
        assert abs(len(page(admin_client)) - before) < 50
