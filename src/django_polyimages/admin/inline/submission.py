"""What is checked about all images of an object together when its page is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_polyimages.admin.titles import readable_title
from django_polyimages.conf import get_settings
from django_polyimages.errors import TooManyImages
from django_polyimages.models import AbstractImage, AbstractImageRelation, relations_of
from django_polyimages.models.organizations import organization_keys, path_of

MOST_NAMED = 10
"""Images that an error names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many images an inline asks for, in the words and with the meaning of Django's inlines."""

    least: int = 0
    most: int | None = None
    validate_min: bool = False
    """Whether removing images must not leave fewer than ``least``, either."""
    validate_max: bool = False
    """Whether nothing can be saved, either, if there are more than ``most`` already."""


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
    takes_cover: bool = False
    """Whether a new image would be the cover, and the user may not change those that are there."""
    counted: QuerySet[Any] | None = None
    """The relations that ``bounds`` are about; None for all."""
    bounds: Bounds = Bounds()

    def check(self) -> None:
        """Raise ``ValidationError`` if this cannot be saved."""
        self._check_twice()
        self._check_number()
        self._check_cover()
        if path_of(type(self.instance)):
            self._check_organizations()

    def _check_twice(self) -> None:
        times = Counter(image.pk for image in self.images)
        twice = {key for key, number in times.items() if number > 1}
        if times and self._is_saved:
            there = self._remaining().filter(image__in=list(times))
            twice |= set(there.values_list("image_id", flat=True))
        if twice:
            images = {image.pk: image for image in self.images if image.pk in twice}
            raise ValidationError(
                _("An image can be attached only once: %(images)s."),
                code="twice",
                params={"images": _few([readable_title(image) for image in images.values()])},
            )

    def _check_number(self) -> None:
        new = len(self.images) + self.number_of_files
        limit = get_settings().max_images_per_object
        if new and self._number_of(self._remaining) + new > limit:
            raise ValidationError(str(TooManyImages(limit)), code="too_many_images")
        self._check_bounds(new)

    def _check_bounds(self, new: int) -> None:
        least, most = self.bounds.least, self.bounds.most
        is_limited = bool(new) or self.bounds.validate_max
        if is_limited and most is not None and self._number_of(self._counted) + new > most:
            raise ValidationError(str(TooManyImages(most)), code="too_many_images")
        if least:
            spared = 0 if self.bounds.validate_min else len(self.removed)
            if self._number_of(self._counted) + spared + new < least:
                message = ngettext(
                    "An object must have at least %(limit)d image.",
                    "An object must have at least %(limit)d images.",
                    least,
                )
                raise ValidationError(message, code="too_few_images", params={"limit": least})

    def _check_cover(self) -> None:
        has_cover = self.takes_cover and self._is_saved
        if has_cover and self._remaining().filter(is_cover=True).exists():
            raise ValidationError(
                _(
                    "Another image is already the cover, and you do not have permission to "
                    "change it."
                ),
                code="cover",
            )

    def _number_of(self, relations: Callable[[], QuerySet[Any]]) -> int:
        return relations().count() if self._is_saved else 0

    def _check_organizations(self) -> None:
        """New images must belong to the object's organization.

        Images attached before must belong to it too if the organization of the object changes.
        """
        keys = organization_keys(self.instance)
        has_files = self.number_of_files and path_of(type(self.instance)) != "pk"
        if not keys and (self.images or has_files):
            raise ValidationError(
                _("This object has no organization yet, so no images can be attached."),
                code="no_organization",
            )
        strangers = [
            readable_title(image) for image in self.images if image.organization_id not in keys
        ]
        if moved := self._left_behind(keys):
            if not self.may_name:
                raise ValidationError(
                    _("Some of the attached images would belong to another organization."),
                    code="organization",
                )
            strangers += [readable_title(relation.image) for relation in moved]
        if strangers:
            raise ValidationError(
                _("These images belong to another organization: %(images)s."),
                code="organization",
                params={"images": _few(strangers)},
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

    def _counted(self) -> QuerySet[Any]:
        rows = relations_of(self.instance).all() if self.counted is None else self.counted
        return rows.exclude(pk__in=self.removed)


def _few(names: list[str]) -> str:
    return ", ".join([*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])])
