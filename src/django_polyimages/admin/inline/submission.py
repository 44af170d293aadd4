"""What is checked about all images of an object together when its page is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from django_polyimages.conf import get_settings
from django_polyimages.errors import TooManyImages
from django_polyimages.models import AbstractImage, AbstractImageRelation, relations_of
from django_polyimages.models.organizations import organization_keys, path_of

MOST_NAMED = 10
"""Images that an error names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a user wants to do with the images of ``instance``.

    The database is asked about the images that are there: the page shows only some of them, and
    none to users who may not view them.
    """

    instance: Model
    images: Sequence[AbstractImage]
    """Images of the library that are to be attached."""
    number_of_files: int
    removed: Sequence[Any]
    """The primary keys of the relations that are to be deleted."""
    may_name: bool
    """Whether an error may name images that are attached."""

    def check(self) -> None:
        """Raise ``ValidationError`` if this cannot be saved."""
        self._check_twice()
        self._check_number()
        if path_of(type(self.instance)):
            self._check_organizations()

    def _check_twice(self) -> None:
        keys = {image.pk for image in self.images}
        if len(keys) < len(self.images) or (
            keys and self._is_saved and self._remaining().filter(image__in=keys).exists()
        ):
            raise ValidationError(_("An image can be attached only once."), code="twice")

    def _check_number(self) -> None:
        new = len(self.images) + self.number_of_files
        there = self._remaining().count() if new and self._is_saved else 0
        limit = get_settings().max_images_per_object
        if new and there + new > limit:
            raise ValidationError(str(TooManyImages(limit)), code="too_many_images")

    def _check_organizations(self) -> None:
        """New images must belong to the object's organization.

        Images attached before must belong to it too if the organization of the object changes.
        """
        keys = organization_keys(self.instance)
        has_files = self.number_of_files and path_of(type(self.instance)) != "pk"
        if not keys and (self.images or has_files):
            raise ValidationError(
                _("Images are of the object's organization, and it has none yet."),
                code="no_organization",
            )
        strangers = [str(image) for image in self.images if image.organization_id not in keys]
        if moved := self._left_behind(keys):
            if not self.may_name:
                raise ValidationError(
                    _("Images are attached that would be of another organization."),
                    code="organization",
                )
            strangers += [str(relation.image) for relation in moved]
        if strangers:
            names = [*strangers[:MOST_NAMED], *(["…"] if len(strangers) > MOST_NAMED else [])]
            raise ValidationError(
                _("Of another organization: %(images)s."),
                code="organization",
                params={"images": ", ".join(names)},
            )

    def _left_behind(self, keys: set[Any]) -> list[AbstractImageRelation]:
        """Attached images that would not be of the object's organization, if that changes."""
        before = self._is_saved and self._stored()
        if not before or organization_keys(before) == keys:
            return []
        others = self._remaining().exclude(image__organization__in=keys)
        return list(others.select_related("image")[: MOST_NAMED + 1])

    @property
    def _is_saved(self) -> bool:
        return self.instance.pk is not None and not self.instance._state.adding

    def _stored(self) -> Model | None:
        return type(self.instance)._base_manager.filter(pk=self.instance.pk).first()

    def _remaining(self) -> Any:
        """The relations that will be left of those that are there."""
        return relations_of(self.instance).exclude(pk__in=self.removed)
