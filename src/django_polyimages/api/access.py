"""Who is calling, and what of the organization in the path they may reach.

The only place that checks access: endpoints get images and objects from here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from django_polyimages.accessors import get_image_model, get_relation_model
from django_polyimages.api.errors import ApiError, not_found, unknown_images
from django_polyimages.models import AbstractImage, AbstractImageRelation, ImageQuerySet
from django_polyimages.models.attachable import is_attachable
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.models.relation_manager import relations_of
from django_polyimages.policies import Action, OrganizationPolicy, get_policy

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


MAX_KEY_LENGTH = 255
"""Of a key as text: the length of a relation's ``object_id``."""


@dataclass(frozen=True, slots=True)
class Access:
    """A member in their organization."""

    user: AbstractUser
    organization: Model
    policy: OrganizationPolicy

    def require(self, action: Action, obj: Model | None = None) -> None:
        """403 unless the policy lets the member do ``action``."""
        if not self.policy.may(self.user, action, self.organization, obj):
            raise ApiError(HTTPStatus.FORBIDDEN, _("You may not do this."))

    def images(self) -> ImageQuerySet:
        """The organization's images."""
        return get_image_model()._default_manager.filter(organization=self.organization.pk)

    def image(self, image_id: int | str, *, for_change: bool = False) -> AbstractImage:
        """One of the organization's images; 404 for any other id.

        ``for_change``: within a transaction nobody else changes or deletes it until that ends.
        """
        images = self.images()
        if for_change and connections[images.db].in_atomic_block:
            images = images.select_for_update()
        return cast("AbstractImage", _only(images, image_id))

    def some_images(self, image_ids: Iterable[int | str]) -> list[AbstractImage]:
        """Those of these images that are the organization's, in the order of the ids."""
        keys = canonical_keys(image_ids)
        found = self.images().in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def all_images(self, image_ids: Iterable[int | str]) -> list[AbstractImage]:
        """All of these images, in the order of the ids; 404 that names the ids of others."""
        ids = list(image_ids)
        images = self.some_images(ids)
        found = {str(image.pk) for image in images}
        if missing := [image_id for image_id in ids if str(image_id) not in found]:
            raise unknown_images(missing)
        return images

    def relations(self, obj: Model) -> QuerySet[AbstractImageRelation]:
        """The relations of ``obj`` to the organization's images, in display order."""
        relations = relations_of(obj).filter(image__organization=self.organization.pk)
        return cast("QuerySet[AbstractImageRelation]", relations.select_related("image"))

    def target(self, app_label: str, model: str, object_id: int | str) -> Model:
        """An object that images can be attached to and that belongs to the organization.

        404 for a model that does not exist, is not attachable or has no path to an organization,
        for an object of another organization and for another spelling of an id.
        """
        host = _attachable(app_label, model)
        if host is None:
            raise not_found()
        path: str = host.image_organization_path  # type: ignore[attr-defined]
        if path != "pk":
            path = f"{path}__pk"
        return _only(host._default_manager.filter(**{path: self.organization.pk}), object_id)


def enter(request: HttpRequest, org_slug: str) -> Access:
    """The caller as a member of the organization: 401, 404 or 403 otherwise."""
    user = _user_of(request)
    policy = get_policy()
    organization = policy.get_organization(org_slug) if _is_clean(org_slug) else None
    if organization is None:
        raise not_found()
    if not policy.is_member(user, organization):
        raise ApiError(HTTPStatus.FORBIDDEN, _("You are not a member of this organization."))
    return Access(user, organization, policy)


def _only(rows: QuerySet[Model], spelled: int | str) -> Model:
    """The row with this id among ``rows``; 404 where there is none."""
    key = canonical_key(rows.model, spelled)
    found = rows.filter(pk=key).first() if key is not None else None
    if found is None or found.pk != key:  # MySQL and MariaDB also find "KEY" for "key"
        raise not_found()
    return found


def canonical_key(model: type[Model], spelled: int | str) -> Any:
    """The primary key that ``spelled`` is the one canonical spelling of, or None.

    ``"01"``, ``"+1"`` and full-width digits name nothing: an object has one id.
    """
    field = key_field_of(model)
    text = str(spelled)
    if not _is_clean(text) or len(text) > MAX_KEY_LENGTH:
        return None
    try:
        key = field.to_python(text)
        field.run_validators(key)  # also the range of an integer column
    except ValidationError:
        return None
    return key if str(key) == text else None


def canonical_keys(spelled: Iterable[int | str]) -> list[Any]:
    """The primary keys of images with these ids, each once; what names nothing is left out."""
    keys = (canonical_key(get_image_model(), image_id) for image_id in spelled)
    return [key for key in dict.fromkeys(keys) if key is not None]


def _user_of(request: HttpRequest) -> AbstractUser:
    """The user that the router's ``auth`` returned, or set on the request."""
    auth = getattr(request, "auth", None)
    user = auth if hasattr(auth, "is_authenticated") else getattr(request, "user", None)
    if not (user and user.is_authenticated and user.is_active):
        raise ApiError(HTTPStatus.UNAUTHORIZED, _("Log in first."))
    if _came_by_cookie(request, user) and check_csrf(request) is not None:
        raise ApiError(HTTPStatus.FORBIDDEN, _("The CSRF token is missing or wrong."))
    return cast("AbstractUser", user)


def _came_by_cookie(request: HttpRequest, user: AbstractUser) -> bool:
    """Whether the browser's session may be all that says who is calling.

    Ninja's views are exempt from Django's CSRF check and only its own cookie classes repeat it; a
    function as ``auth`` that returns ``request.user`` would leave the door open.
    """
    # A browser repeats Basic and Negotiate by itself, a Bearer token it does not know.
    has_token = request.headers.get("Authorization", "").lower().startswith("bearer ")
    session = getattr(request, "session", {})
    return not has_token and session.get(SESSION_KEY) == str(user.pk)


def _attachable(app_label: str, model: str) -> type[Model] | None:
    """The model, if the API reaches it, by its exact name."""
    found = apps.all_models.get(app_label, {}).get(model)
    if found is None or found._meta.proxy or not is_attachable(found, get_relation_model()):
        return None
    return found if getattr(found, "image_organization_path", None) else None


def _is_clean(text: str) -> bool:
    """No character that a database refuses: NUL, lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
