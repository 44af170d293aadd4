from __future__ import annotations

import pickle

from django.utils.translation import gettext_lazy

from django_polyimages import InvalidImage, NotAttached, StorageUnavailable
from django_polyimages.errors import TooManyImages


def test_an_invalid_image_has_a_code_for_programs_and_a_text_for_people():
    error = InvalidImage("empty", gettext_lazy("The file is empty."))
    assert isinstance(error, ValueError)
    assert (error.code, str(error)) == ("empty", "The file is empty.")


def test_what_is_not_attached_is_named():
    error = NotAttached([7, "a-uuid"])
    assert isinstance(error, ValueError)
    assert error.image_ids == [7, "a-uuid"]
    assert str(error) == "Not attached to this object: 7, a-uuid."


def test_a_storage_that_fails_is_no_fault_of_the_file():
    assert not issubclass(StorageUnavailable, ValueError)
    copied = pickle.loads(pickle.dumps(StorageUnavailable("later", problem="AccessDenied")))
    assert (str(copied), copied.problem) == ("later", "AccessDenied")


def test_a_limit_of_one_is_said_in_the_singular():
    assert str(TooManyImages(1)) == "An object may have at most 1 image."
    assert str(TooManyImages(2)) == "An object may have at most 2 images."
