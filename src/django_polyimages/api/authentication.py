"""How a request proved whose it is, and whether a page of another site may have sent it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from enum import Enum, auto
from http import HTTPStatus
from inspect import isawaitable
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.http import is_same_domain
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, APIKeyHeader, HttpBearer
from ninja.utils import check_csrf

from django_polyimages.api.bodies import load_form
from django_polyimages.api.errors import UNREADABLE, refused, unreadable

Auth = Callable[..., Any]
_ATTRIBUTE = "polyimages_proof"


class Proof(Enum):
    """What the request contained."""

    HEADER = auto()
    """A header that browsers never add by themselves."""
    COOKIE = auto()
    """A cookie of Ninja's classes, with the CSRF check left to ``lacks_csrf_token``."""
    UNKNOWN = auto()


def proof_of(request: HttpRequest) -> Proof:
    proof: Proof = getattr(request, _ATTRIBUTE, Proof.UNKNOWN)
    return proof


def recording(auth: Auth | Sequence[Auth]) -> list[Auth]:
    """The same authentication, after which ``proof_of(request)`` is known."""
    wanted = list(auth) if isinstance(auth, Sequence) else [auth]
    return [one if isinstance(one, _Recording) else _recorder(one) for one in wanted]


def _recorder(auth: Auth) -> _Recording:
    # Ninja's OpenAPI document calls a security scheme by the name of its class.
    named: type[_Recording] = type(type(auth).__name__, (_Recording,), {})
    return named(auth)


class _Recording:
    def __init__(self, auth: Auth) -> None:
        self._has_csrf_check = False
        if isinstance(auth, APIKeyCookie) and auth.csrf and _works_as(APIKeyCookie, auth):
            self._has_csrf_check = True
            # The check would read a form, to its end, before it is known whose the request is.
            auth = copy(auth)
            auth.csrf = False
        self._auth = auth
        if hasattr(auth, "openapi_security_schema"):
            self.openapi_security_schema = auth.openapi_security_schema

    def __call__(self, request: HttpRequest) -> Any:
        try:
            found = self._auth(request)
            if isawaitable(found):
                found = async_to_sync(_awaited)(found)
        except UNREADABLE as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, unreadable(error)) from error
        except PermissionDenied as error:
            raise HttpError(HTTPStatus.FORBIDDEN, refused(error)) from error
        if found:
            setattr(request, _ATTRIBUTE, self._proof(request))
        return found

    def _proof(self, request: HttpRequest) -> Proof:
        if self._has_csrf_check:
            return Proof.COOKIE
        return Proof.HEADER if _was_in_a_header(self._auth, request) else Proof.UNKNOWN


async def _awaited(found: Awaitable[Any]) -> Any:
    return await found


def _was_in_a_header(auth: Auth, request: HttpRequest) -> bool:
    """Whether one of Ninja's classes got its token from a header that needs a preflight request."""
    if isinstance(auth, HttpBearer):  # browsers send Basic and Negotiate by themselves
        return _works_as(HttpBearer, auth) and auth.openapi_scheme == "bearer"
    return (
        isinstance(auth, APIKeyHeader)
        and _works_as(APIKeyHeader, auth)
        and auth.param_name.lower() not in ("authorization", "cookie")
        and auth.param_name in request.headers
    )


def _works_as(base: type[Any], auth: Auth) -> bool:
    """Whether ``auth`` takes its token from where ``base`` does; a subclass may look elsewhere."""
    return all(
        getattr(type(auth), name) is getattr(base, name)
        for name in ("__call__", "_get_key")
        if hasattr(base, name)
    )


def lacks_csrf_token(request: HttpRequest) -> bool:
    """Whether Django's CSRF check refuses the request. Reads the form only without the header."""
    if settings.CSRF_HEADER_NAME in request.META:
        headers_only = copy(request)
        headers_only.method = "PUT"  # Django looks into the body of a POST first
        if check_csrf(headers_only) is None:
            return False
    load_form(request)
    return check_csrf(request) is not None


def is_from_another_site(request: HttpRequest) -> bool:
    """Whether a browser says that a page of another origin, which is not trusted, has sent this.

    Programs other than browsers send neither header.
    """
    site = request.headers.get("Sec-Fetch-Site", "")
    if site in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin", "")
    if not origin:
        return bool(site)
    try:
        scheme, netloc, *_rest = urlsplit(origin)
    except ValueError:
        return True
    # Behind a proxy Django may not know the scheme of the site, so only the hosts are compared.
    return netloc != request.get_host() and not _is_trusted(scheme, netloc)


def _is_trusted(scheme: str, netloc: str) -> bool:
    trusted = [urlsplit(origin) for origin in settings.CSRF_TRUSTED_ORIGINS]
    return any(
        scheme == one.scheme and is_same_domain(netloc, one.netloc.lstrip("*")) for one in trusted
    )
