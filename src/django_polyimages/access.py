"""What a user may do with the images and objects of an organization.

For views, the HTTP API and everything else that gets ids from a client. Anything that does not
belong to the organization raises ``NotFound``; what the policy does not allow raises Django's
``PermissionDenied``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import connections, router
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_image_model, get_relation_model
from django_polyimages.errors import NotFound, OrganizationMismatch
from django_polyimages.models import AbstractImage, AbstractImageRelation, ImageQuerySet
from django_polyimages.models.attachable import is_attachable
from django_polyimages.models.organizations import objects_of
from django_polyimages.models.primary_keys import canonical_key, is_storable
from django_polyimages.models.relation_manager import relations_of
from django_polyimages.policies import Action, OrganizationPolicy, get_policy

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser

__all__ = ["Access", "get_access", "get_viewable_image"]


@dataclass(frozen=True, slots=True)
class Access:
    """What a member may reach in their organization, from ``get_access()``."""

    user: AbstractUser
    organization: Model
    policy: OrganizationPolicy

    @property
    def creator(self) -> AbstractBaseUser | None:
        """The member as the creator of an image: their row, or None if they have none.

        A token may make a user that was not loaded from the database, or is no ``User`` at all.
        """
        model = get_user_model()
        if isinstance(self.user, model) and not self.user._state.adding:
            return self.user
        told = getattr(self.user, "pk", None)
        key = None if told is None else canonical_key(model, told)
        return None if key is None else model._base_manager.filter(pk=key).first()

    def require(self, action: Action, obj: Model | None = None) -> None:
        """Raise ``PermissionDenied`` unless the policy lets the member do ``action``."""
        if not self.allows(action, obj):
            raise PermissionDenied(_("You do not have permission to do this."))

    def allows(self, action: Action, obj: Model | None = None) -> bool:
        """Whether the policy lets the member do ``action``."""
        return _is_yes(self.policy.may, self.user, action, self.organization, obj)

    def images(self) -> ImageQuerySet:
        """The organization's images."""
        return get_image_model()._default_manager.filter(organization=self.organization.pk)

    def image(self, image_id: object, *, for_update: bool = False) -> AbstractImage:
        """One of the organization's images. Raises ``NotFound`` for any other id.

        With ``for_update`` its row is locked until the end of the transaction, if there is one.
        """
        images = self.images()
        if for_update:
            using = router.db_for_write(images.model)
            images = images.using(using)
            if connections[using].in_atomic_block:
                images = images.select_for_update()
        return cast("AbstractImage", _get(images, image_id))

    def some_images(self, image_ids: Iterable[object]) -> list[AbstractImage]:
        """The images with these ids that belong to the organization, in the order of the ids."""
        keys = [canonical_key(get_image_model(), image_id) for image_id in image_ids]
        found = self.images().in_bulk([key for key in keys if key is not None])
        return [found[key] for key in dict.fromkeys(keys) if key in found]

    def all_images(self, image_ids: Iterable[object]) -> list[AbstractImage]:
        """All of these images, in the order of the ids.

        Raises ``NotFound``, which names the ids that are not the organization's.
        """
        ids = list(image_ids)
        images = self.some_images(ids)
        found = {str(image.pk) for image in images}
        if missing := [image_id for image_id in ids if str(image_id) not in found]:
            raise NotFound(missing)
        return images

    def relations(self, obj: Model) -> QuerySet[AbstractImageRelation]:
        """The relations of ``obj`` to the organization's images, in display order."""
        relations = relations_of(obj).filter(image__organization=self.organization.pk)
        return cast("QuerySet[AbstractImageRelation]", relations.select_related("image"))

    def target(self, app_label: str, model: str, object_id: object) -> Model:
        """The object that images will be attached to, as in ``target("shop", "product", 3)``.

        Raises ``NotFound`` for a model that does not exist, is not attachable or has no path to an
        organization, for an object of another organization, and for an id in a non-canonical form
        (``"03"`` instead of ``3``).
        """
        found = _attachable(app_label, model)
        if found is None:
            raise NotFound
        return _get(self.objects(found), object_id)

    def can_have(self, app_label: str, model: str, object_id: object) -> bool:
        """Whether ``object_id`` can be the id of an object of this model: ``"a"`` is no number.

        False for a model that is not attachable.
        """
        found = _attachable(app_label, model)
        return found is not None and canonical_key(found, object_id) is not None

    def objects(self, model: type[Model]) -> QuerySet[Model]:
        """The objects of ``model`` that belong to the organization, as in ``objects(Product)``.

        Empty for a model without ``image_organization_path``.
        """
        return objects_of(self.organization, model)

    @contextmanager
    def expecting(self, obj: Model, images: Sequence[AbstractImage] = ()) -> Iterator[None]:
        """Raise ``NotFound`` if ``obj`` or one of ``images`` is deleted before the block ends, or
        comes to belong to another organization::

            with access.expecting(product, [image]):
                product.images.attach(image)

        It replaces the ``ObjectDoesNotExist`` or ``OrganizationMismatch`` that the block raises
        then. Any other one comes from an error in your code, and is not replaced.
        """
        try:
            yield
        except (ObjectDoesNotExist, OrganizationMismatch):
            _get(self.objects(type(obj)), obj.pk)
            self.all_images([image.pk for image in images])
            raise


def get_access(user: AbstractUser | AnonymousUser, org_slug: str) -> Access:
    """What ``user`` may reach in the organization that the policy calls ``org_slug``.

    Raises ``NotFound`` if there is no such organization, and ``PermissionDenied`` if the user is
    not logged in, is not active or is not one of its members.
    """
    if not is_logged_in(user):
        raise PermissionDenied(_("Log in first."))
    policy = get_policy()
    organization = policy.get_organization(org_slug) if is_storable(org_slug) else None
    if organization is None:
        raise NotFound
    if not _is_yes(policy.is_member, user, organization):
        raise PermissionDenied(_("You are not a member of this organization."))
    return Access(user, organization, policy)


def get_viewable_image(user: AbstractUser | AnonymousUser, image_id: object) -> AbstractImage:
    """The image with this id, of whichever organization, if ``user`` may view it.

    Raises ``NotFound`` if there is none or the user is not a member of its organization, and
    ``PermissionDenied`` if the policy does not let the member view it.
    """
    images = get_image_model()._default_manager.select_related("organization")
    image = cast("AbstractImage", _get(images, image_id))
    slug = getattr(image.organization, get_policy().slug_field)
    try:
        access = get_access(user, str(slug))
    except PermissionDenied:
        raise NotFound from None
    if access.organization.pk != image.organization_id:
        raise NotFound
    access.require("view", image)
    return image


def is_logged_in(user: AbstractUser | AnonymousUser | None) -> TypeGuard[AbstractUser]:
    """Whether this is a user, and one whose account is active; a token's may not say."""
    return bool(user and user.is_authenticated and getattr(user, "is_active", True))


def _attachable(app_label: str, model: str) -> type[Model] | None:
    found = apps.all_models.get(app_label, {}).get(model)
    if not found or found._meta.proxy or not is_attachable(found, get_relation_model()):
        return None
    return found


def _get(rows: QuerySet[Any], spelled: object) -> Model:
    """The row with this id among ``rows``. Raises ``NotFound`` if there is none."""
    key = canonical_key(rows.model, spelled)
    found = rows.filter(pk=key).first() if key is not None else None
    if found is None or found.pk != key:  # MySQL and MariaDB ignore case and find "KEY" for "key"
        raise NotFound
    return cast("Model", found)


def _is_yes(ask: Callable[..., bool], *arguments: object) -> bool:
    """What a method of the policy answers. Raises ``TypeError`` for anything but True and False.

    A coroutine, a queryset, a tuple, or a method without its parentheses is true to Python: taken
    for a yes, it would let everybody in.
    """
    answer = ask(*arguments)
    if not isinstance(answer, bool):
        raise TypeError(f"{ask.__qualname__}() returned {answer!r}; it must return True or False.")
    return answer
