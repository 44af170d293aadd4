"""An object with more images than one page of the inline shows."""

from __future__ import annotations

import re

import pytest

from django_polyimages.admin import ImageInline
from django_polyimages.models import Image
from tests.admin.inline.sending import PREFIX, errors_of, url_of
from tests.builders import attached_to, fake_images

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(acme, contact, monkeypatch) -> list[Image]:
    """Seven, on pages of three."""
    monkeypatch.setattr(ImageInline, "per_page", 3)
    images = fake_images(acme, 7)
    contact.images.attach_many(images)
    contact.images.update_relation(images[0], custom_alt_text="First", is_cover=True)
    return images


def page_of(client, contact, number: int) -> str:
    return client.get(url_of(contact), {"images_page": number}).content.decode()


def sent_by(page: str, **changed: object) -> dict[str, object]:
    """What a browser sends from this page, without the empty row, with some inputs changed."""
    inputs = re.findall(rf'<input [^>]*name="{PREFIX}-([^"]+)"[^>]*>', page)
    tags = dict(
        zip(inputs, re.findall(rf'<input [^>]*name="{PREFIX}-[^"]+"[^>]*>', page), strict=True)
    )
    data = {}
    for name, tag in tags.items():
        value = re.search(r'value="([^"]*)"', tag)
        if "checkbox" not in tag and "file" not in tag and "__prefix__" not in name:
            data[name] = value[1] if value else ""
        elif " checked" in tag:
            data[name] = "on"
    return {f"{PREFIX}-{name}": value for name, value in (data | changed).items()}


def save(client, contact, number: int, **changed: object):
    sent = sent_by(page_of(client, contact, number), **changed)
    fields = {"organization": contact.organization_id, "name": contact.name}
    return client.post(url_of(contact), fields | sent)


def test_a_page_shows_its_images_and_leads_to_the_others(admin_client, contact, images):
    page = page_of(admin_client, contact, 2)
    assert re.findall(r'data-image="(\d+)"', page) == [str(image.pk) for image in images[3:6]]
    assert "Images 4 to 6 of 7." in page
    assert re.findall(r'href="\?images_page=(\d)"', page) == ["1", "3"]


@pytest.mark.parametrize(("number", "shown"), [("99", "7 to 7"), ("x", "1 to 3"), ("", "1 to 3")])
def test_a_page_that_is_not_there_is_another_one(admin_client, contact, images, number, shown):
    assert f"Images {shown} of 7." in page_of(admin_client, contact, number)


def test_few_images_have_no_pages(admin_client, contact, images):
    contact.images.sync(images[:3])
    assert "polyimages-inline-pages" not in page_of(admin_client, contact, 1)


def test_saving_leaves_the_other_pages_as_they_are(admin_client, contact, images):
    before = list(contact.images.exclude(image=images[4]).values())
    response = save(admin_client, contact, 2, **{"1-custom_alt_text": "Fifth"})
    assert response.status_code == 302
    assert contact.images.get(image=images[4]).custom_alt_text == "Fifth"
    assert list(contact.images.exclude(image=images[4]).values()) == before


def test_images_are_arranged_within_their_page(admin_client, contact, images):
    places = {"0-order": 2, "1-order": 1, "2-order": 0}
    assert save(admin_client, contact, 2, **places).status_code == 302
    a, b, c, d, e, f, g = images
    assert attached_to(contact) == [a, b, c, f, e, d, g]


def test_what_moved_to_another_page_meanwhile_is_saved_still(admin_client, contact, images):
    page = page_of(admin_client, contact, 2)
    contact.images.detach_many([images[0].pk, images[1].pk])
    fields = {"organization": contact.organization_id, "name": contact.name}
    sent = sent_by(page, **{"0-custom_alt_text": "Fourth", "2-DELETE": "on"})
    assert admin_client.post(url_of(contact), fields | sent).status_code == 302
    assert contact.images.get(image=images[3]).custom_alt_text == "Fourth"
    assert attached_to(contact) == [*images[2:5], images[6]]


def test_a_cover_on_another_page_takes_the_place_of_the_first(admin_client, contact, images):
    assert save(admin_client, contact, 3, **{"0-is_cover": "on"}).status_code == 302
    assert [one.image for one in contact.images.filter(is_cover=True)] == [images[6]]


def test_an_image_of_another_page_is_not_attached_again(admin_client, contact, images):
    new = {"TOTAL_FORMS": 4, "3-image": images[0].pk}
    assert "attached only once: 0." in errors_of(save(admin_client, contact, 2, **new))
    assert contact.images.get(image=images[0]).custom_alt_text == "First"


def test_images_of_other_pages_keep_an_object_in_its_organization(
    admin_client, contact, images, other
):
    contact.organization = other
    text = errors_of(save(admin_client, contact, 3, **{"0-DELETE": "on"}))
    assert "These images belong to another organization: 0, 1, 2, 3, 4, 5." in text


def test_a_thousand_images_can_be_saved(admin_client, contact, acme):
    contact.images.attach_many(fake_images(acme, 1000))
    assert save(admin_client, contact, 20, **{"49-custom_title": "Last"}).status_code == 302
    assert contact.images.last().custom_title == "Last"


@pytest.mark.parametrize("count", [200, 1000])
def test_many_images_cost_one_page_of_fields(admin_client, contact, acme, count):
    """Django accepts 1,000 fields (DATA_UPLOAD_MAX_NUMBER_FIELDS)."""
    contact.images.attach_many(fake_images(acme, count))
    sent = sent_by(page_of(admin_client, contact, 2))
    assert len(sent) < 500
    response = save(admin_client, contact, 2, **{"0-DELETE": "on", "49-custom_title": "Last"})
    assert response.status_code == 302
    assert contact.images.count() == count - 1
    assert contact.images.get(custom_title="Last").image.title == "99"
    assert not contact.images.filter(image__title="50").exists()


@pytest.mark.parametrize(("count", "pages"), [(50, [50]), (51, [50, 1])])
def test_fifty_images_are_one_page(admin_client, contact, acme, count, pages):
    """The default, as the guide says, at its boundaries: each image is on exactly one page."""
    images = fake_images(acme, count)
    contact.images.attach_many(images)
    shown = [
        re.findall(r'data-image="(\d+)"', page_of(admin_client, contact, number + 1))
        for number in range(len(pages))
    ]
    assert [len(page) for page in shown] == pages
    assert [pk for page in shown for pk in page] == [str(image.pk) for image in images]
    first = page_of(admin_client, contact, 1)
    assert ("polyimages-inline-pages" in first) == (len(pages) > 1)
    last = {f"{pages[-1] - 1}-custom_title": "Last"}
    assert save(admin_client, contact, len(pages), **last).status_code == 302
    assert [one.title for one in contact.images.all()].index("Last") == count - 1
    assert attached_to(contact) == images


def test_cards_come_back_with_an_error_in_the_order_that_was_sent(admin_client, contact, images):
    new = {"TOTAL_FORMS": 5, "3-custom_title": "no image", "4-image": images[0].pk, "4-order": 0}
    places = {"0-order": 3, "1-order": 1, "2-order": 2}
    response = save(admin_client, contact, 2, **new, **places)
    assert response.status_code == 200
    page = response.content.decode().split("polyimages-inline-empty")[0]
    shown = [images[0], images[4], images[5], images[3]]
    assert re.findall(r'data-image="(\d+)"', page) == [str(image.pk) for image in shown]
    assert page.index('value="no image"') > page.rindex("data-image"), "without a number: last"


@pytest.mark.parametrize("number", ["x", "-1", "9" * 5000, "²"])
def test_a_number_that_is_none_comes_last(admin_client, contact, images, number):
    response = save(admin_client, contact, 1, **{"0-order": number, "1-order": 8, "2-order": 7})
    assert response.status_code == 200
    page = response.content.decode().split("polyimages-inline-empty")[0]
    shown = [images[2], images[1], images[0]]
    assert re.findall(r'data-image="(\d+)"', page) == [str(image.pk) for image in shown]


def test_as_many_queries_for_200_images_as_for_20(
    admin_client, acme, contact, django_assert_max_num_queries
):
    def queries() -> int:
        with django_assert_max_num_queries(20) as captured:
            assert admin_client.get(url_of(contact)).status_code == 200
        return len(captured)

    contact.images.attach_many(fake_images(acme, 20))
    few = queries()
    contact.images.attach_many(fake_images(acme, 180))
    assert queries() == few
