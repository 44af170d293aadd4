"""Checks the image and relation models in use, which may be the host's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model, UniqueConstraint

from django_polyimages.accessors import get_image_model, get_relation_model
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    ImageManager,
    ImageRelationManager,
)
from django_polyimages.models.joins.metadata import is_same_table, related_name_of


def check_image_model(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that ``IMAGE_MODEL`` has what uploads need."""
    model: type[Model] = get_image_model()
    label = model._meta.label
    if not issubclass(model, AbstractImage):
        return [
            checks.Error(
                f'POLYIMAGES["IMAGE_MODEL"] is {label}, which does not inherit AbstractImage.',
                hint=f"Write class {model.__name__}(AbstractImage), imported from "
                "django_polyimages.models, or name a model that inherits it.",
                obj=model,
                id="polyimages.E002",
            )
        ]
    if not isinstance(getattr(model, "objects", None), ImageManager):
        return [
            checks.Error(
                f"{label}.objects is not an ImageManager, so images cannot be uploaded.",
                hint="Let your manager inherit ImageManager, imported from "
                "django_polyimages.models, or remove it.",
                obj=model,
                id="polyimages.E008",
            )
        ]
    return []


def check_relation_model(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that ``RELATION_MODEL`` has what attaching needs and refers to ``IMAGE_MODEL``."""
    model: type[Model] = get_relation_model()
    if not issubclass(model, AbstractImageRelation):
        return [
            checks.Error(
                f'POLYIMAGES["RELATION_MODEL"] is {model._meta.label}, which does not inherit '
                "AbstractImageRelation.",
                hint=f"Write class {model.__name__}(AbstractImageRelation), imported from "
                "django_polyimages.models, or name a model that inherits it.",
                obj=model,
                id="polyimages.E003",
            )
        ]
    return [*_complaints_of_image(model), *_complaints_of_meta(model)]


def _complaints_of_image(model: type[AbstractImageRelation]) -> Iterator[checks.CheckMessage]:
    label, image = model._meta.label, get_image_model()
    wanted = (
        f'image = models.ForeignKey("{image._meta.label}", on_delete=models.CASCADE, '
        'related_name="relations")'
    )
    field = _field(model, "image")
    if not isinstance(field, ForeignKey):
        yield checks.Error(
            f"{label} has no foreign key called image.",
            hint=f"Write {wanted}",
            obj=model,
            id="polyimages.E004",
        )
    elif not is_same_table(field.related_model, image):
        yield checks.Error(
            f"{label}.image refers to {field.related_model._meta.label}, but IMAGE_MODEL is "
            f"{image._meta.label}.",
            hint=f"Set IMAGE_MODEL and RELATION_MODEL together. The relation model needs {wanted}",
            obj=model,
            id="polyimages.E005",
        )
    elif (name := related_name_of(field)) != "relations":
        yield checks.Error(
            f"{label}.image has the related_name {name!r}.",
            hint=f"Write {wanted}",
            obj=model,
            id="polyimages.E006",
        )


def _complaints_of_meta(model: type[AbstractImageRelation]) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    hint = "Write class Meta(AbstractImageRelation.Meta) in the model"
    missing = sorted(_constraints(AbstractImageRelation) - _constraints(model))
    if missing:
        yield checks.Error(
            f"{label} has no unique constraint on {' and none on '.join(missing)}.",
            hint=f"{hint}. If it has its own constraints, write constraints = "
            "[*AbstractImageRelation.Meta.constraints, ...]. Then run makemigrations.",
            obj=model,
            id="polyimages.E007",
        )
    if not isinstance(model._default_manager, ImageRelationManager):
        yield checks.Error(
            f"The default manager of {label} is not an ImageRelationManager, so images cannot be "
            "attached.",
            hint="Let your manager inherit ImageRelationManager, imported from "
            "django_polyimages.models, or remove it.",
            obj=model,
            id="polyimages.E009",
        )
    if not model._meta.ordering:
        yield checks.Warning(
            f"{label} has no ordering, so images are shown in an arbitrary order.",
            hint=f"{hint}.",
            obj=model,
            id="polyimages.W003",
        )


def _constraints(model: type[Model]) -> set[str]:
    """The fields of each unique constraint; the conditions themselves are not compared."""
    return {
        ", ".join(sorted(constraint.fields)) + (" for covers" if constraint.condition else "")
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint)
    }


def _field(model: type[Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
