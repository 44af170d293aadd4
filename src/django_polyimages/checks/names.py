"""Checks that nothing of a host takes the place of what the package needs: of images, of the
default manager, of methods. Django replaces one by the other without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from django.apps import apps
from django.core import checks
from django.db.models import ForeignObjectRel, Model

from django_polyimages.accessors import get_image_model, get_relation_model
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    ImageAttachable,
    ImageManager,
)
from django_polyimages.models.joins.images_field import (
    images_field_of,
    images_fields_of,
    is_images,
    is_inherited,
)
from django_polyimages.models.joins.metadata import accessor_of

_METHODS = (FunctionType, property)


def check_names_of_images(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the images of each model have one name, and share it with nothing."""
    hosts = [model for model in apps.get_models() if not model._meta.proxy]
    return [
        *(_shadowed(model, rival) for model in hosts for rival in _rivals(model)),
        *(_ambiguous(model) for model in hosts if len(images_fields_of(model)) > 1),
    ]


def check_default_manager(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the default manager of ``IMAGE_MODEL`` is an ``ImageManager``.

    A manager of any name that the model adds becomes the default one, before ``objects``.
    """
    model: type[Model] = get_image_model()
    if not issubclass(model, AbstractImage):
        return []  # E002 reports this
    manager = model._default_manager
    if isinstance(manager, ImageManager) or not isinstance(
        getattr(model, "objects", None), ImageManager
    ):
        return []  # E008 reports the latter
    return [
        checks.Error(
            f"The default manager of {model._meta.label} is {manager.name}, which is not an "
            "ImageManager, so images cannot be listed.",
            hint="Let it inherit ImageManager, imported from django_polyimages.models, or write "
            'default_manager_name = "objects" in class Meta.',
            obj=model,
            id="polyimages.E043",
        )
    ]


def check_names_of_the_package(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that no field and no relation replaces a method or a property of the models in use.

    To override one with a method or a property is fine.
    """
    pairs = ((get_image_model(), AbstractImage), (get_relation_model(), AbstractImageRelation))
    return [
        checks.Error(
            f"{model._meta.label} has a {_described(field)} called {name}, which replaces "
            f"{base.__name__}.{name}.",
            hint=f"Rename it: {getattr(field, 'field', field)}.",
            obj=model,
            id="polyimages.E044",
        )
        for model, base in pairs
        if issubclass(model, base)  # E002 and E003 report others
        for field in model._meta.get_fields()
        if (name := accessor_of(field)) in _methods_of(base)
    ]


def _methods_of(base: type[Model]) -> set[str]:
    return {name for name, value in vars(base).items() if isinstance(value, _METHODS)}


def _described(field: Any) -> str:
    return "reverse relation" if isinstance(field, ForeignObjectRel) else "field"


def _rivals(model: type[Model]) -> Iterator[str]:
    """What else is called as the images of ``model``, in words."""
    name = _name_of_images(model)
    if name is None:
        return
    relations = [one for one in _reverse_relations(model) if name in (one.name, accessor_of(one))]
    for one in relations:
        option = "related_name" if accessor_of(one) == name else "related_query_name"
        yield f"the reverse side of {one.field} (its {option})"
    if not relations:
        yield from (
            f"{base.__module__}.{base.__qualname__}.{name}"
            for base in model.__mro__
            if (found := vars(base).get(name)) is not None and not is_images(found)
        )


def _name_of_images(model: type[Model]) -> str | None:
    """How the model's images are called, or would be if nothing had replaced them."""
    field = images_field_of(model)
    if field is not None:
        return None if is_inherited(field) else field.name
    is_replaced = issubclass(model, ImageAttachable) and model.images is not None
    return "images" if is_replaced else None


def _reverse_relations(model: type[Model]) -> list[Any]:
    fields = model._meta.get_fields(include_parents=False)
    return [one for one in fields if isinstance(one, ForeignObjectRel)]


def _shadowed(model: type[Model], rival: str) -> checks.CheckMessage:
    name, label = _name_of_images(model), model._meta.label
    other = "photos" if name == "images" else "attached_images"
    return checks.Error(
        f"{label} has two things called {name}: its attached images and {rival}.",
        hint=f"Give one of them another name. For the images: inherit models.Model instead of "
        f"ImageAttachable, and write {other} = ImagesField() in {model.__name__}, imported from "
        "django_polyimages.models; or call register_attachable("
        f'{model.__name__}, name="{other}").',
        obj=model,
        id="polyimages.E041",
    )


def _ambiguous(model: type[Model]) -> checks.CheckMessage:
    names = [field.name for field in images_fields_of(model)]
    return checks.Error(
        f"The images of {model._meta.label} have {len(names)} names: {' and '.join(names)}.",
        hint="Keep one: a model with an ImagesField does not inherit ImageAttachable, or "
        "writes images = None.",
        obj=model,
        id="polyimages.E042",
    )
