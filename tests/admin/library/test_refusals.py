from __future__ import annotations

import json
from http import HTTPStatus

from django.utils.translation import gettext_lazy

from django_polyimages.admin.library.refusals import refusal


def test_a_refusal_is_json_that_says_why():
    response = refusal("You do not have permission to view images.", HTTPStatus.FORBIDDEN)
    assert (response.status_code, response["Content-Type"]) == (403, "application/json")
    assert json.loads(response.content) == {"detail": "You do not have permission to view images."}


def test_its_text_may_be_translated_late():
    response = refusal(gettext_lazy("Only POST is allowed."), HTTPStatus.METHOD_NOT_ALLOWED)
    assert json.loads(response.content) == {"detail": "Only POST is allowed."}
