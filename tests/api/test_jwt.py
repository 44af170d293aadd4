"""The recipe of docs/http-api.md for JSON web tokens, with PyJWT."""

from __future__ import annotations

import datetime as dt

import jwt
import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from django.utils.functional import SimpleLazyObject
from ninja import NinjaAPI
from ninja.security import HttpBearer

from django_polyimages.api import images_router
from organizations.images import Policy
from tests.api.calls import bulk_upload, get, upload
from tests.api.test_router import mounted
from tests.drawing import photo, upload_of


class TokenAuth(HttpBearer):
    """``Authorization: Bearer <token>``, a token that this site has signed for a user."""

    def authenticate(self, request: HttpRequest, token: str):
        try:
            claims = jwt.decode(
                token, django_settings.SECRET_KEY, algorithms=["HS256"],
                options={"require": ["exp", "sub"]},
            )  # fmt: skip
        except jwt.InvalidTokenError:
            return None
        return get_user_model().objects.filter(pk=claims["sub"], is_active=True).first()


api = NinjaAPI(urls_namespace="jwt")
api.add_router("/images/", images_router(auth=TokenAuth()))
urlpatterns = [path("api/v1/", api.urls)]


def bearer(user, key: str | None = None, minutes: int = 5, **claims) -> Client:
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    claims = {"sub": str(user.pk), "exp": expires} | claims
    token = jwt.encode(claims, key or django_settings.SECRET_KEY, algorithm="HS256")
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(autouse=True)
def jwt_urls(settings, editor):
    settings.ROOT_URLCONF = __name__


def test_a_token_opens_the_api_without_a_csrf_token(editor):
    client = bearer(editor)
    assert upload(client).status_code == 200
    assert get(client).json()["items"][0]["creator_id"] == editor.pk


def test_a_token_is_not_ruined_by_a_session_cookie(editor):
    client = bearer(editor)
    client.force_login(editor)
    assert upload(client).status_code == 200


def test_a_session_alone_does_not_open_it(editor):
    client = Client()
    client.force_login(editor)
    assert get(client).status_code == 401


def test_a_token_that_is_old_forged_or_broken_does_not(editor):
    forged = bearer(editor, key="another key that is long enough for HS256")
    for client in (forged, bearer(editor, minutes=-1), bearer(editor, exp=None)):
        assert get(client).status_code == 401
    assert get(Client(headers={"Authorization": "Bearer x.y.z"})).status_code == 401


def test_a_user_made_inactive_is_refused_with_a_valid_token(editor):
    client = bearer(editor)
    editor.is_active = False
    editor.save()
    assert get(client).status_code == 401


class StatelessUser:
    """What a token says of a user, without a row: as in packages for JSON web tokens."""

    is_authenticated = True

    def __init__(self, pk: object = None) -> None:
        self.pk = self.id = pk


class Bare:
    is_authenticated = True


STATELESS = {
    "no model, its key has a row": (lambda user: StatelessUser(user.pk), True),
    "no model, its key is a text": (lambda user: StatelessUser(str(user.pk)), True),
    "no model, its key has no row": (lambda user: StatelessUser(999_999), False),
    "no model, a key of another kind": (lambda user: StatelessUser("0b2c-11"), False),
    "no model, no key": (lambda user: StatelessUser(), False),
    "an object with nothing else": (lambda user: Bare(), False),
    "not saved, its key has a row": (lambda user: User(pk=user.pk), True),
    "not saved, its key has no row": (lambda user: User(pk=999_999), False),
    "not saved, without a key": (lambda user: User(username="x"), False),
    "lazy": (lambda user: SimpleLazyObject(lambda: StatelessUser(user.pk)), True),
    "lazy, a row": (lambda user: SimpleLazyObject(lambda: user), True),
}


@pytest.mark.parametrize("case", STATELESS)
def test_a_user_without_a_row_uploads_and_is_the_creator_if_there_is_one(
    case, settings, editor, monkeypatch
):
    make, has_row = STATELESS[case]
    monkeypatch.setattr(Policy, "is_member", lambda *args: True)
    monkeypatch.setattr(Policy, "may", lambda *args: True)
    mounted(settings, ("/images/", images_router(auth=lambda request: make(editor))))
    client = Client()
    response = upload(client)
    assert response.status_code == 200
    assert response.json()["creator_id"] == (editor.pk if has_row else None)
    assert bulk_upload(client, upload_of(photo())).json()[0]["status"] == "success"
    assert get(client).json()["count"] == 2
