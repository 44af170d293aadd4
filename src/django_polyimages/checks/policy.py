"""Checks ``ORGANIZATION_POLICY``."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.utils.module_loading import import_string

from django_polyimages.accessors import get_organization_model
from django_polyimages.conf import get_settings
from django_polyimages.policies import GroupPolicy, OrganizationPolicy

_METHODS = ("get_organization", "is_member", "may")
_EXAMPLE = (
    "Write a subclass of OrganizationPolicy (django_polyimages.policies) with "
    "is_member(self, user, organization), and name it in "
    'POLYIMAGES["ORGANIZATION_POLICY"], such as "shops.images.Policy".'
)


def check_policy(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the policy can be imported, finds organizations and decides who is a member."""
    path = get_settings().organization_policy
    try:
        policy = import_string(path)
    except ImportError as error:
        return [
            checks.Error(
                f'POLYIMAGES["ORGANIZATION_POLICY"] is {path!r}, which cannot be imported: {error}',
                hint=_EXAMPLE,
                obj="POLYIMAGES",
                id="polyimages.E012",
            )
        ]
    return list(_complaints(path, policy))


def _complaints(path: str, policy: Any) -> Iterator[checks.CheckMessage]:
    problem = _problem(policy)
    organization = get_organization_model()
    if problem:
        yield checks.Error(
            f'POLYIMAGES["ORGANIZATION_POLICY"] is {path!r}, which {problem}.',
            hint=_EXAMPLE,
            obj="POLYIMAGES",
            id="polyimages.E013",
        )
    elif policy.is_member is GroupPolicy.is_member:
        if "auth.Group" not in _labels(organization):
            yield checks.Warning(
                f"Nobody is a member of any organization: ORGANIZATION_MODEL is "
                f"{organization._meta.label}, but GroupPolicy works with auth.Group only.",
                hint=f"{_EXAMPLE} If you do not use the HTTP API, silence this check.",
                obj="POLYIMAGES",
                id="polyimages.W005",
            )
        elif not hasattr(get_user_model(), "groups"):
            yield checks.Warning(
                f"Nobody is a member of any organization: AUTH_USER_MODEL is "
                f"{settings.AUTH_USER_MODEL}, which has no groups, but GroupPolicy asks for them.",
                hint=f"Let the user model inherit PermissionsMixin, or: {_EXAMPLE} If you do not "
                "use the HTTP API, silence this check.",
                obj="POLYIMAGES",
                id="polyimages.W044",
            )
    elif policy.get_organization is OrganizationPolicy.get_organization:
        try:
            organization._meta.get_field(policy.slug_field)
        except FieldDoesNotExist:
            if policy.slug_field != "pk":
                yield checks.Error(
                    f"{path} finds organizations by {policy.slug_field!r}, a field that "
                    f"{organization._meta.label} does not have.",
                    hint="Set slug_field to the field that URLs contain, such as "
                    'slug_field = "name", or to "pk".',
                    obj="POLYIMAGES",
                    id="polyimages.E023",
                )


def _problem(policy: Any) -> str:
    if not isinstance(policy, type):
        return "is not a class"
    missing = [name for name in _METHODS if not callable(getattr(policy, name, None))]
    if missing:
        return f"has no method {missing[0]}"
    if getattr(policy, "is_member", None) is OrganizationPolicy.is_member:
        return "does not implement is_member"
    awaited = [name for name in _METHODS if _is_asynchronous(getattr(policy, name))]
    if awaited:
        return f"has an asynchronous {awaited[0]}, which is never awaited"
    misspelt = _misspelt(policy)
    return (
        f"has a method {misspelt[0]}, which is never called (did you mean {misspelt[1]}?)"
        if misspelt
        else ""
    )


def _is_asynchronous(method: Any) -> bool:
    return inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)


def _misspelt(policy: type) -> tuple[str, str] | None:
    """A method that resembles one of the policy's, takes the same and overrides nothing."""
    for base in policy.__mro__:
        for name, method in vars(base).items():
            if name.startswith("_") or hasattr(OrganizationPolicy, name) or not callable(method):
                continue
            for meant in difflib.get_close_matches(name, _METHODS, n=1):
                original = getattr(OrganizationPolicy, meant)
                if getattr(policy, meant) is original and _parameters(original) <= _parameters(
                    method
                ):
                    return name, meant
    return None


def _parameters(method: Any) -> set[str]:
    return set(inspect.signature(method).parameters)


def _labels(model: Any) -> list[str]:
    """The labels of the model and of all models it inherits from, including proxied ones."""
    return [base._meta.label for base in model.__mro__ if hasattr(base, "_meta")]
