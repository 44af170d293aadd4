from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import RequestFactory

from catalog.models import Product
from contacts.admin import ContactAdmin
from contacts.models import Contact
from django_polyimages.admin.library.usage import MOST_SHOWN, Uses, uses_of
from django_polyimages.models import PolymorphicImageRelation

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of():
    def request_of(user: User):
        request = RequestFactory().get("/")
        request.user = user
        return request

    return request_of


@pytest.fixture
def uses(image, admin_user, request_of):
    def uses() -> Uses:
        return uses_of([image], request_of(admin_user), admin.site)[image.pk]

    return uses


def test_an_unused_image_has_none(uses):
    assert uses() == Uses([], 0)


def test_the_cover_comes_first_and_names_are_escaped(uses, image, contact, product):
    contact.images.attach(image)
    product.images.attach(image, is_cover=True)
    Product.objects.update(name="<Lamp>")
    first, second = uses().shown
    assert (first.model, first.name, first.is_cover) == ("product", "<Lamp>", True)
    assert second.url == f"/admin/contacts/contact/{contact.pk}/change/"
    assert str(first) == (
        f'product <a href="/admin/catalog/product/{product.pk}/change/">&lt;Lamp&gt;</a> (cover)'
    )


def test_what_the_user_may_not_see_is_told_by_its_key(image, contact, request_of):
    contact.images.attach(image)
    user = User.objects.create_user("staff", is_staff=True)
    [use] = uses_of([image], request_of(user), admin.site)[image.pk].shown
    assert (use.url, str(use)) == ("", f"contact {contact.pk}")
    user.user_permissions.add(Permission.objects.get(codename="view_contact"))
    user = User.objects.get(pk=user.pk)  # a user caches their permissions
    [use] = uses_of([image], request_of(user), admin.site)[image.pk].shown
    assert (use.url, use.name) == (f"/admin/contacts/contact/{contact.pk}/change/", "Ada")


def test_what_the_admin_does_not_show_this_user_is_told_by_its_key(
    image, contact, request_of, admin_user, monkeypatch
):
    contact.images.attach(image)
    nobody = Contact.objects.none()
    monkeypatch.setattr(ContactAdmin, "get_queryset", lambda self, request: nobody)
    [use] = uses_of([image], request_of(admin_user), admin.site)[image.pk].shown
    assert (use.url, use.name) == ("", str(contact.pk))


def test_there_is_no_link_where_the_admin_has_no_such_page(image, contact, request_of, admin_user):
    contact.images.attach(image)
    [use] = uses_of([image], request_of(admin_user), admin.AdminSite())[image.pk].shown
    assert use.url == ""


def test_objects_that_vanished_are_told(uses, image, contact):
    gone = ContentType.objects.create(app_label="old", model="thing")
    kinds = [
        (ContentType.objects.get_for_model(Contact), "987"),
        (ContentType.objects.get_for_model(Contact), "9" * 30),
        (ContentType.objects.get_for_model(Product), "no-uuid"),
        (gone, "5"),
    ]
    for kind, key in kinds:
        PolymorphicImageRelation.objects.create(image=image, content_type=kind, object_id=key)
    contact.images.attach(image)
    assert [str(use).partition(" <a")[0] for use in uses().shown] == [
        "contact 987 (no longer exists)",
        f"contact {'9' * 30} (no longer exists)",
        "product no-uuid (no longer exists)",
        "thing 5 (no longer exists)",
        "contact",
    ]


def test_of_many_some_are_named_at_a_constant_cost(
    uses, image, acme, django_assert_max_num_queries
):
    uses()  # content types are cached
    rows = [Contact(organization=acme, name=f"C{number}") for number in range(MOST_SHOWN + 2)]
    for contact in Contact.objects.bulk_create(rows):
        contact.images.attach(image)
    with django_assert_max_num_queries(3):
        found = uses()
    assert (len(found.shown), found.number, found.more) == (MOST_SHOWN, 52, "and 2 more")
    assert str(found).endswith("and 2 more")


def test_there_is_no_link_into_an_admin_with_addresses_of_its_own(
    image, contact, request_of, admin_user
):
    contact.images.attach(image)
    site = admin.AdminSite(name="nowhere")
    site.register(Contact, ContactAdmin)
    [use] = uses_of([image], request_of(admin_user), site)[image.pk].shown
    assert (use.url, use.name) == ("", "Ada")


def test_of_no_images_nothing_is_asked(request_of, admin_user, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert uses_of([], request_of(admin_user), admin.site) == {}
