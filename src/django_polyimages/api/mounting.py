"""What a router finds where a host mounts it: a prefix, an authentication, and a page of docs."""

from __future__ import annotations

from copy import copy
from functools import wraps
from inspect import unwrap
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI, Router, Schema
from ninja.openapi.docs import DocsBase
from ninja.renderers import JSONRenderer
from ninja.router import RouterMount
from ninja.security import django_auth
from ninja.utils import contribute_operation_callback

from django_polyimages.api.authentication import recording
from django_polyimages.api.errors import View
from django_polyimages.api.moments import writes_json
from django_polyimages.api.waiting import wait_of


class ImagesRouter(Router):
    """A router that answers 404 in JSON to every other path below its prefix.

    Not where the prefix is empty: routers that are mounted after it would never be asked.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.other_paths = Router()

    def build_routers(self, prefix: str, *args: Any, **kwargs: Any) -> list[RouterMount]:
        """Called by Ninja, where the router is mounted."""
        mounts = super().build_routers(prefix, *args, **kwargs)
        if prefix.strip("/"):
            decorators = [*mounts[0].inherited_decorators, *self._decorators]
            mounts += self.other_paths.build_routers(prefix, decorators)
        return mounts


def authenticating(run: View) -> View:
    """Around a view as Ninja runs it. An ``auth`` that was given to ``add_router()`` replaces that
    of the router: it too must not read the body, and ``proof_of(request)`` must be known.
    """
    operation: Any = run.__self__  # type: ignore[attr-defined]

    @wraps(run)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        operation.auth_callbacks = recording(operation.auth_callbacks)
        response: HttpResponseBase = run(request, *args, **kwargs)
        return response

    return view


def rendering(run: View) -> View:
    """Around a view as Ninja runs it: whether Ninja's own renderer will write the answer."""
    operation: Any = unwrap(run).__self__

    @wraps(run)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if type(operation.api.renderer) is JSONRenderer:
            writes_json(request)
        response: HttpResponseBase = run(request, *args, **kwargs)
        return response

    return view


class _AsBuilt(Schema):
    """What Ninja makes of the schema of an answer, without its work on the answer itself."""

    @classmethod
    def model_validate(cls, obj: Any, **_options: Any) -> Any:
        return cls.model_construct(response=obj.response)

    def model_dump(self, **_options: Any) -> dict[str, Any]:
        return self.__dict__


def trusted(view: View) -> View:
    """Keeps the schemas of a view's answers for the OpenAPI document alone.

    The endpoints build what their schemas say, which tests check. To check it again in each
    answer, and to copy it, took a third of the time of a list.
    """

    def trust(operation: Any) -> None:
        for status, model in operation.response_models.items():
            if model is not None:
                name = model.__name__
                operation.response_models[status] = type(name, (_AsBuilt, model), {})

    contribute_operation_callback(view, trust)
    return view


def private(run: View) -> View:
    """Keeps answers out of shared caches, such as that of Django's ``UpdateCacheMiddleware``.

    They know that an ``Authorization`` header makes a difference, but not a token anywhere else.
    """

    @wraps(run)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = run(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private")
        return response

    return view


def retrying(run: View) -> View:
    """``Retry-After`` for answers that show a pending image, see ``waits_for()``."""

    @wraps(run)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = run(request, *args, **kwargs)
        if seconds := wait_of(request):
            response.headers.setdefault("Retry-After", str(seconds))
        return response

    return view


def with_token_in_docs(run: View) -> View:
    """Lets the docs page of the API send the CSRF token, without which every write is refused.

    Ninja gives it to that page only if the whole API has an authentication that needs it.
    """
    api = getattr(getattr(unwrap(run), "__self__", None), "api", None)
    if isinstance(api, NinjaAPI) and not isinstance(api.docs, _DocsWithToken):
        api.docs = _DocsWithToken(api.docs)
    return run


class _DocsWithToken(DocsBase):
    def __init__(self, docs: DocsBase) -> None:
        self._docs = docs

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        shown = copy(api)
        shown.auth = [django_auth]  # from which Ninja's page concludes that it needs the token
        return self._docs.render_page(request, shown, **kwargs)
