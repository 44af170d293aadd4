"""Whose request this is. What they may reach is decided by ``django_polyimages.access``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from django_polyimages.access import Access, get_access, is_logged_in
from django_polyimages.api.authentication import (
    Proof,
    is_from_another_site,
    lacks_csrf_token,
    proof_of,
)
from django_polyimages.api.errors import ApiError, refused

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


def enter(request: HttpRequest, org_slug: str) -> Access:
    """The access of the user who sent the request: 401, 404 or 403 if there is none."""
    user = _user_of(request)
    try:
        access = get_access(user, org_slug)
    except PermissionDenied as error:
        raise ApiError(HTTPStatus.FORBIDDEN, refused(error), "not_a_member") from error
    _check_not_forged(request, user)  # which may read a form, so it comes last
    return access


def _user_of(request: HttpRequest) -> AbstractUser:
    """The user that the router's ``auth`` has returned or set on the request."""
    auth = getattr(request, "auth", None)
    user = auth if hasattr(auth, "is_authenticated") else getattr(request, "user", None)
    if not is_logged_in(user):
        raise ApiError(HTTPStatus.UNAUTHORIZED, _("Log in first."), "not_authenticated")
    return user


def _check_not_forged(request: HttpRequest, user: AbstractUser) -> None:
    """Raise a 403 if a page of another site could have made the user's browser send this request.

    Ninja's views are exempt from Django's CSRF check, and only Ninja's own cookie classes repeat
    it: with a function as ``auth`` that returns ``request.user`` nothing else would check.
    """
    proof = proof_of(request)
    if proof is Proof.HEADER:
        return
    in_session = getattr(request, "session", {}).get(SESSION_KEY) == str(getattr(user, "pk", ""))
    if (in_session or proof is Proof.COOKIE) and lacks_csrf_token(request):
        detail = _("The CSRF token is missing or wrong.")
        raise ApiError(HTTPStatus.FORBIDDEN, detail, "csrf_failed")
    # Browsers ask the site before they send anything but a form, which needs no script either.
    if request.content_type == "multipart/form-data" and is_from_another_site(request):
        detail = _("Uploads from pages on other sites are not accepted.")
        raise ApiError(HTTPStatus.FORBIDDEN, detail, "other_site")
