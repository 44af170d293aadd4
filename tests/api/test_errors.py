from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client

from django_polyimages.api import access
from django_polyimages.models import ImageRelationManager
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.api.calls import four, post
from tests.builders import fake_images


@pytest.fixture
def failing(monkeypatch):
    """Let attaching fail so often with this error, then work."""

    def fail(error: Exception, times: int) -> list[int]:
        calls: list[int] = []
        real = ImageRelationManager.attach_or_update

        def attach(self, *args, **kwargs):
            calls.append(1)
            if len(calls) <= times:
                raise error
            return real(self, *args, **kwargs)

        monkeypatch.setattr(ImageRelationManager, "attach_or_update", attach)
        return calls

    return fail


def deadlock(state: str = "40P01") -> OperationalError:
    cause = Exception()
    cause.sqlstate = state  # type: ignore[attr-defined]
    error = OperationalError("deadlock detected")
    error.__cause__ = cause
    return error


@pytest.mark.django_db(transaction=True)
class TestDeadlock:
    @pytest.mark.parametrize("error", [deadlock(), OperationalError(1213, "Deadlock found")])
    def test_is_tried_again(self, client, acme, contact, failing, error):
        [image] = fake_images(acme, 1)
        calls = failing(error, times=2)
        response = post(client, "attach/", four(image, contact))
        assert (response.status_code, response.json()["created"]) == (200, True)
        assert len(calls) == 3

    def test_is_not_tried_for_ever(self, client, acme, contact, failing):
        [image] = fake_images(acme, 1)
        calls = failing(deadlock(), times=99)
        with pytest.raises(OperationalError):
            post(client, "attach/", four(image, contact))
        assert len(calls) == 4

    def test_another_trouble_of_the_database_is_the_host_s(self, client, acme, contact, failing):
        [image] = fake_images(acme, 1)
        calls = failing(deadlock("08006"), times=1)
        with pytest.raises(OperationalError):
            post(client, "attach/", four(image, contact))
        assert len(calls) == 1


@pytest.mark.django_db
def test_within_a_transaction_of_the_host_nothing_is_tried_again(client, acme, contact, failing):
    [image] = fake_images(acme, 1)
    calls = failing(deadlock(), times=1)
    with pytest.raises(OperationalError):
        post(client, "attach/", four(image, contact))
    assert len(calls) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("error", [IntegrityError("image_id"), Relation.DoesNotExist()])
def test_what_went_away_meanwhile_is_a_404(client, acme, contact, failing, error):
    [image] = fake_images(acme, 1)
    failing(error, times=1)
    response = post(client, "attach/", four(image, contact))
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


def test_a_long_list_of_unknown_images_is_cut():
    detail = access.unknown_images(["x" * 100, *range(100)]).detail
    assert len(detail) < 200
    assert detail.endswith("18.")


@pytest.mark.django_db
def test_the_body_of_an_anonymous_call_is_not_read(settings, acme):
    """Without cookies nothing needs the form before the log-in."""
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 0
    assert Client().post("/api/v1/images/orgs/acme/images/", {"title": "x"}).status_code == 401
