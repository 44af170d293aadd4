"""Endpoints for the images of an object."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from ninja.responses import Status

from django_polyimages.access import Access
from django_polyimages.api.access import enter
from django_polyimages.api.errors import View, method_not_allowed
from django_polyimages.api.reading import check_ids, read_json, read_query
from django_polyimages.api.schemas_in import (
    MOST_LISTED,
    AttachIn,
    ImageIdsIn,
    OptionsIn,
    Page,
    TargetIn,
)
from django_polyimages.api.schemas_out import plain_key, relation_out
from django_polyimages.models import AbstractImageRelation
from django_polyimages.models.relation_manager import relations_of


def attach(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """Attach an image, which the member may view, to an object.

    If it is already attached, the given options change its relation.
    """
    access = enter(request, org_slug)
    wanted = read_json(request, AttachIn)
    image = access.image(wanted.image_id)
    target = access.target(wanted.app_label, wanted.model, wanted.object_id)
    access.require("attach", target)
    access.require("view", image)
    options = wanted.relation_options()
    with access.expecting(target, [image]):
        _relation, created = relations_of(target).attach_or_update(image, **options)
    return {"detail": "attached", "created": created}


def detach(request: HttpRequest, org_slug: str) -> Status[None]:
    """Detach an image from an object.

    The image itself is kept. It is no error if the image was not attached.
    """
    access = enter(request, org_slug)
    wanted = read_json(request, TargetIn)
    image = access.image(wanted.image_id)
    target = access.target(wanted.app_label, wanted.model, wanted.object_id)
    access.require("detach", target)
    with access.expecting(target):
        relations_of(target).detach(image)
    return Status(HTTPStatus.NO_CONTENT, None)


def list_relations(
    request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str
) -> dict[str, Any]:
    """The images of an object, in display order."""
    access = enter(request, org_slug)
    return _page(request, access, access.target(app_label, model, obj_id))


def list_of_longer_key(other: View, ending: str, *, allow: str) -> View:
    """The view for a GET of the path of ``other``: the list of an object whose key has a slash.

    A 405 for models whose objects cannot have such a key.
    """

    @wraps(other)  # Ninja reads the path parameters from the signature
    def view(
        request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str, **rest: str
    ) -> Any:
        access, key = enter(request, org_slug), f"{obj_id}/{ending.format(**rest)}"
        if "/" not in obj_id and not access.can_have(app_label, model, key):
            return method_not_allowed(allow)
        return _page(request, access, access.target(app_label, model, key))

    return view


def bulk_attach(
    request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str
) -> dict[str, Any]:
    """Attach images that the member may view to an object, after those already attached.

    If an image does not belong to the organization, none is attached and the error contains its id.
    """
    access = enter(request, org_slug)
    target = access.target(app_label, model, obj_id)
    access.require("attach", target)
    ids = check_ids(read_json(request, ImageIdsIn).image_ids)
    images = access.all_images(ids)
    for image in images:
        access.require("view", image)
    with access.expecting(target, images):
        attached = relations_of(target).attach_many(images)
    return {"attached": [plain_key(image.pk) for image in attached]}


def bulk_detach(
    request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str
) -> dict[str, Any]:
    """Detach images from an object; those that are not attached are ignored."""
    access = enter(request, org_slug)
    target = access.target(app_label, model, obj_id)
    access.require("detach", target)
    ids = check_ids(read_json(request, ImageIdsIn).image_ids)
    images = access.some_images(ids)
    with access.expecting(target):
        detached = set(relations_of(target).detach_many([image.pk for image in images]))
    return {"detached": [plain_key(image.pk) for image in images if image.pk in detached]}


def update_relation(
    request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str, image_id: str
) -> dict[str, Any]:
    """Change how an image is attached: cover, order and texts.

    Fields that are not sent keep their values; null clears a text or moves the image to the end.
    """
    access = enter(request, org_slug)
    target = access.target(app_label, model, obj_id)
    access.require("arrange", target)
    options = read_json(request, OptionsIn).relation_options()
    image = access.image(image_id)
    with access.expecting(target, [image]):
        relation = relations_of(target).update_relation(image, **options)
    relation.image = image
    return relation_out(relation, target, request)


def reorder(
    request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str
) -> dict[str, Any]:
    """Reorder the images of an object; those left out follow in their current order.

    The response contains the first 200; `count` says how many there are.
    """
    access = enter(request, org_slug)
    target = access.target(app_label, model, obj_id)
    access.require("arrange", target)
    ids = check_ids(read_json(request, ImageIdsIn).image_ids)
    images = access.all_images(ids)
    with access.expecting(target, images):
        relations_of(target).reorder(images)
    relations = access.relations(target)
    return _listed(request, relations[:MOST_LISTED], target, count=relations.count())


def _page(request: HttpRequest, access: Access, target: Model) -> dict[str, Any]:
    access.require("view", target)
    page = read_query(request, Page)
    relations = access.relations(target)
    shown = relations[page.offset : page.offset + page.limit]
    return _listed(request, shown, target, count=relations.count())


def _listed(
    request: HttpRequest, relations: Iterable[AbstractImageRelation], target: Model, *, count: int
) -> dict[str, Any]:
    items = [relation_out(relation, target, request) for relation in relations]
    return {"items": items, "count": count}
