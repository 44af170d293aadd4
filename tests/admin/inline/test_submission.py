from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from contacts.models import Contact
from django_polyimages.admin.inline.submission import MOST_NAMED, Submission
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def submission(contact: Contact, **facts) -> Submission:
    nothing = {"images": [], "number_of_files": 0, "removed": [], "may_name": True}
    return Submission(instance=contact, **(nothing | facts))


def test_a_few_of_the_images_that_would_be_left_behind_are_named(acme, contact, other):
    contact.images.attach_many(fake_images(acme, MOST_NAMED + 1))
    contact.organization = other
    names = ", ".join(map(str, range(MOST_NAMED)))
    with pytest.raises(ValidationError, match=f"Of another organization: {names}, …"):
        submission(contact).check()


def test_an_object_that_is_not_saved_yet_has_no_images(acme):
    submission(Contact(organization=acme), images=fake_images(acme, 2)).check()


def test_files_count_as_images(contact, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 2}
    submission(contact, number_of_files=2).check()
    with pytest.raises(ValidationError, match="at most 2 images"):
        submission(contact, number_of_files=3).check()
