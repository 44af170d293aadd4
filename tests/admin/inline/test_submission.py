from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from contacts.models import Contact
from django_polyimages.admin.inline.submission import MOST_NAMED, Bounds, Submission
from tests.admin.inline.sending import PREFIX, errors_of, url_of
from tests.builders import fake_images, staff_with

pytestmark = pytest.mark.django_db


def submission(contact: Contact, **facts) -> Submission:
    nothing = {"images": [], "number_of_files": 0, "removed": [], "may_name": True}
    return Submission(instance=contact, **(nothing | facts))


def test_a_few_of_the_images_that_would_be_left_behind_are_named(acme, contact, other):
    contact.images.attach_many(fake_images(acme, MOST_NAMED + 1))
    contact.organization = other
    names = ", ".join(map(str, range(MOST_NAMED)))
    with pytest.raises(
        ValidationError, match=f"These images belong to another organization: {names}, …"
    ):
        submission(contact).check()


def test_an_object_that_is_not_saved_yet_has_no_images(acme):
    submission(Contact(organization=acme), images=fake_images(acme, 2)).check()


def test_files_count_as_images(contact, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 2}
    submission(contact, number_of_files=2).check()
    with pytest.raises(ValidationError, match="at most 2 images"):
        submission(contact, number_of_files=3).check()


def test_the_images_that_are_attached_already_or_twice_are_named(acme, contact):
    there, twice, new = fake_images(acme, 3)
    contact.images.attach(there)
    with pytest.raises(ValidationError, match="attached only once: 0, 1\\."):
        submission(contact, images=[there, twice, twice, new]).check()
    submission(contact, images=[twice, new]).check()


@pytest.mark.parametrize(
    ("bounds", "new", "is_fine"),
    [
        (Bounds(most=3), 1, True),
        (Bounds(most=3), 2, False),
        (Bounds(most=1), 0, True),
        (Bounds(most=1, validate_max=True), 0, False),
        (Bounds(least=3), 1, True),
        (Bounds(least=4), 1, False),
    ],
)
def test_how_many_may_be_there_in_the_end(acme, contact, bounds, new, is_fine):
    contact.images.attach_many(fake_images(acme, 2))
    one = submission(contact, number_of_files=new, bounds=bounds)
    if is_fine:
        one.check()
    else:
        with pytest.raises(ValidationError):
            one.check()


@pytest.mark.parametrize(("validate", "is_fine"), [(False, True), (True, False)])
def test_images_that_are_removed_count_for_the_least_unless_validate_min(
    acme, contact, validate, is_fine
):
    contact.images.attach_many(fake_images(acme, 2))
    removed = [contact.images.first().pk]
    bounds = Bounds(least=2, validate_min=validate)
    one = submission(contact, removed=removed, bounds=bounds)
    if is_fine:
        one.check()
    else:
        with pytest.raises(ValidationError, match="at least 2 images"):
            one.check()


def test_only_the_relations_of_the_inline_are_counted(acme, contact):
    images = fake_images(acme, 3)
    contact.images.attach_many(images)
    own = contact.images.filter(image=images[0])
    submission(contact, number_of_files=1, counted=own, bounds=Bounds(most=2)).check()
    with pytest.raises(ValidationError):
        submission(contact, number_of_files=1, bounds=Bounds(most=2)).check()


@pytest.mark.parametrize("view", [[], ["view_polymorphicimagerelation"]])
def test_who_may_only_add_images_does_not_replace_the_cover(acme, contact, dawn, noon, view):
    contact.images.attach(dawn, is_cover=True)
    client = staff_with("change_contact", "view_image", "add_polymorphicimagerelation", *view)
    new = {f"{PREFIX}-0-image": noon.pk, f"{PREFIX}-0-is_cover": "on"}
    forms = {f"{PREFIX}-TOTAL_FORMS": 1, f"{PREFIX}-INITIAL_FORMS": 0}
    data = {"organization": acme.pk, "name": "Ada", **forms, **new}
    assert "Another image is already the cover" in errors_of(client.post(url_of(contact), data))
    assert [one.image for one in contact.images.filter(is_cover=True)] == [dawn]
    contact.images.update_relation(dawn, is_cover=False)
    assert client.post(url_of(contact), data).status_code == 302
    assert [one.image for one in contact.images.filter(is_cover=True)] == [noon]
