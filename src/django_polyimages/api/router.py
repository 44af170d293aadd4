"""The router: which function handles which method and path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.constants import NOT_SET
from ninja.decorators import decorate_view
from ninja.security import django_auth
from ninja.throttling import BaseThrottle

from django_polyimages.api.authentication import recording
from django_polyimages.api.bodies import bounded
from django_polyimages.api.endpoints import Endpoint, endpoints
from django_polyimages.api.errors import answering_errors, closed, method_not_allowed, not_found
from django_polyimages.api.mounting import (
    ImagesRouter,
    authenticating,
    private,
    rendering,
    retrying,
    trusted,
    with_token_in_docs,
)
from django_polyimages.api.schemas_out import PolyimagesError


class _AnyMethod(str):
    """Equals every method, those that clients make up included: for what no endpoint handles."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)


ANY_METHOD = _AnyMethod("ANY")


def images_router(
    *,
    auth: Callable[..., Any] | Sequence[Callable[..., Any]] = django_auth,
    throttle: BaseThrottle | list[BaseThrottle] | None = None,
    upload_throttle: BaseThrottle | list[BaseThrottle] | None = None,
    tags: Sequence[str] = ("images",),
    name: str = "images",
) -> Router:
    """A new router with all endpoints, to be mounted as ``api.add_router("/images/", ...)``.

    ``auth`` is any authentication of Ninja, by default the session with its CSRF check; it must
    return a user, or set ``request.user``. ``throttle`` is any throttle of Ninja;
    ``upload_throttle`` replaces it for uploads, of which only the first step counts. ``name`` is
    the prefix of the operation ids: a second router on the same API needs another one.

    Raises ``ValueError`` if ``auth`` is empty: there is no API without authentication.
    """
    if not auth:
        raise ValueError("images_router(auth=...) needs an authentication, such as django_auth.")
    router = ImagesRouter(auth=recording(auth), tags=list(tags))
    paths: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints():
        is_upload = endpoint.files or endpoint.begins_upload
        limit = (upload_throttle or throttle) if is_upload else throttle
        _add(router, endpoint, f"{name}_{endpoint.view.__name__}", limit)
        paths.setdefault(endpoint.path, []).append(endpoint)
    for path, known in paths.items():
        _answer_other_methods(router, path, known)
    for path, view in (("", _no_such_path), ("{polyimages_rest:rest}", _no_such_rest)):
        router.other_paths.add_api_operation(
            path, [ANY_METHOD], view, auth=None, include_in_schema=False
        )
    router.add_decorator(answering_errors, mode="operation")
    router.add_decorator(closed, mode="view")
    router.add_decorator(private, mode="view")
    router.add_decorator(retrying, mode="view")
    router.add_decorator(with_token_in_docs, mode="view")
    return router


def _add(
    router: Router,
    endpoint: Endpoint,
    operation: str,
    limit: BaseThrottle | list[BaseThrottle] | None,
) -> None:
    @trusted
    @decorate_view(authenticating, rendering, bounded(endpoint.largest_body))
    @wraps(endpoint.view)  # as a second router decorates the same function
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return endpoint.view(request, *args, **kwargs)

    errors = [400, 401, 403, 404, *endpoint.errors, *([429] if limit else [])]
    router.add_api_operation(
        endpoint.path,
        [endpoint.method],
        view,
        auth=None if endpoint.has_token else NOT_SET,
        response={endpoint.status: endpoint.answer} | dict.fromkeys(errors, PolyimagesError),
        throttle=limit or NOT_SET,
        operation_id=operation,
        include_in_schema=endpoint.is_documented,
        openapi_extra=endpoint.document,
    )


def _answer_other_methods(router: Router, path: str, known: list[Endpoint]) -> None:
    """405 as JSON; Ninja would respond with plain text."""
    allow = ", ".join(sorted(endpoint.method for endpoint in known if endpoint.is_allowed))

    @wraps(known[0].view)  # Ninja reads the path parameters from the signature
    def not_allowed(request: HttpRequest, **kwargs: str) -> HttpResponse:
        if "/" in kwargs.get("obj_id", ""):  # or else every longer path would be an endpoint
            return _no_such_path(request)
        return method_not_allowed(allow)

    # Last of this path, so that it gets the methods that the endpoints do not take.
    router.add_api_operation(path, [ANY_METHOD], not_allowed, auth=None, include_in_schema=False)


def _no_such_path(request: HttpRequest) -> HttpResponse:
    return not_found(_("Not found."))


def _no_such_rest(request: HttpRequest, rest: str) -> HttpResponse:
    return _no_such_path(request)
