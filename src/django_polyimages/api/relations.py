"""Endpoints on what is attached to an object."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja.responses import Status

from django_polyimages.api.access import enter
from django_polyimages.api.reading import read_json, read_query
from django_polyimages.api.schemas import AttachIn, Page, TargetIn, relation_out
from django_polyimages.models.relations import relations_of


def attach(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """Attach an image to an object.

    Attached already, its relation takes the options that are given.
    """
    access = enter(request, org_slug)
    wanted = read_json(request, AttachIn)
    image = access.image(wanted.image_id)
    target = access.target(wanted.app_label, wanted.model, wanted.object_id)
    access.require("attach", target)
    options = wanted.relation_options()
    _relation, created = relations_of(target).attach_or_update(image, **options)
    return {"detail": "attached", "created": created}


def detach(request: HttpRequest, org_slug: str) -> Status[None]:
    """Detach an image from an object.

    The image itself stays. No error where it was not attached.
    """
    access = enter(request, org_slug)
    wanted = read_json(request, TargetIn)
    image = access.image(wanted.image_id)
    target = access.target(wanted.app_label, wanted.model, wanted.object_id)
    access.require("detach", target)
    relations_of(target).detach(image)
    return Status(HTTPStatus.NO_CONTENT, None)


def list_relations(
    request: HttpRequest, org_slug: str, app_label: str, model: str, obj_id: str
) -> dict[str, Any]:
    """The images of an object, in display order."""
    access = enter(request, org_slug)
    target = access.target(app_label, model, obj_id)
    access.require("view", target)
    page = read_query(request, Page)
    relations = access.relations(target)
    shown = relations[page.offset : page.offset + page.limit]
    return {
        "items": [relation_out(relation, target) for relation in shown],
        "count": relations.count(),
    }
