"""Whose request this is. What they may reach is decided by ``django_polyimages.access``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from django_polyimages.access import Access, get_access, is_logged_in
from django_polyimages.api.errors import ApiError

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


def enter(request: HttpRequest, org_slug: str) -> Access:
    """The access of the user who sent the request: 401, 404 or 403 if there is none."""
    return get_access(_user_of(request), org_slug)


def _user_of(request: HttpRequest) -> AbstractUser:
    """The user that the router's ``auth`` has returned or set on the request."""
    auth = getattr(request, "auth", None)
    user = auth if hasattr(auth, "is_authenticated") else getattr(request, "user", None)
    if not is_logged_in(user):
        raise ApiError(HTTPStatus.UNAUTHORIZED, _("Log in first."))
    if _may_be_forged(request, user) and check_csrf(request) is not None:
        raise ApiError(HTTPStatus.FORBIDDEN, _("The CSRF token is missing or wrong."))
    return user


def _may_be_forged(request: HttpRequest, user: AbstractUser) -> bool:
    """Whether a page of another site could have made the user's browser send this request.

    Ninja's views are exempt from Django's CSRF check, and only Ninja's own cookie classes repeat
    it: with a function as ``auth`` that returns ``request.user`` nothing else would check.
    """
    # Browsers send Basic and Negotiate without being asked, but no Bearer token.
    has_token = request.headers.get("Authorization", "").lower().startswith("bearer ")
    session = getattr(request, "session", {})
    return not has_token and session.get(SESSION_KEY) == str(user.pk)
