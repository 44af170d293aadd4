"""What clients send: JSON bodies, forms and queries. Any other field is an error."""

from __future__ import annotations

from typing import Annotated, Any, cast

from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import (
    ConfigDict,
    FailFast,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from django_polyimages.api.schemas_out import ImageStatus
from django_polyimages.formats import OriginalFormat
from django_polyimages.models import RelationOptions

MAX_ORDER = 2_147_483_647
"""The largest value of a ``PositiveIntegerField`` on every database."""

MOST_LISTED = 200
"""Items of one response, whatever the query."""

SentId = Annotated[StrictInt | StrictStr, Field(description="The ID of an image.", examples=[1])]
SentIds = Annotated[list[SentId], FailFast()]
"""Ends at the first wrong one: an error of each element of a large list would fill the memory."""
ObjectId = Annotated[StrictInt | StrictStr, Field(description="The object's primary key.")]
WITHOUT_NUL = r"^[^\x00]*$"  # PostgreSQL cannot store this character
Text = Annotated[StrictStr, Field(pattern=WITHOUT_NUL)]
Title = Annotated[StrictStr, Field(pattern=WITHOUT_NUL, max_length=255)]
AltText = Annotated[StrictStr, Field(pattern=WITHOUT_NUL, max_length=1000)]
Description = Annotated[StrictStr, Field(pattern=WITHOUT_NUL, max_length=10_000)]


class _In(Schema):
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _knows_all_fields(cls, sent: Any) -> Any:
        """One error for all unknown fields, without their names, which may be long and many."""
        if isinstance(sent, dict) and not sent.keys() <= cls.model_fields.keys():
            known = ", ".join(cls.model_fields) or _("none")
            message = _("Unknown field. Allowed fields: %(fields)s.") % {"fields": known}
            raise PydanticCustomError("unknown_field", "{message}", {"message": message})
        return sent


class BulkUploadIn(_In):
    """Nothing but the files."""


class PendingUploadIn(_In):
    name: Text = Field(min_length=1, max_length=1000, description="The name of the file.")
    size: Annotated[StrictInt, Field(ge=0)] = Field(description="The bytes of the file.")
    type: Text = Field(default="", description="Its media type, which the content must then have.")
    sha256: Annotated[StrictStr, Field(pattern=r"^[0-9A-Fa-f]{64}$")] | None = Field(
        default=None, description="Its SHA-256, which the content must then have."
    )


class UploadIn(_In):
    """The example is empty, as Swagger would invent a text that matches the pattern. What a form
    leaves empty was not filled in: the file's name is the title then.
    """

    title: Title = Field(default="", examples=[""], description="Defaults to the file name.")
    alt_text: AltText = Field(default="", examples=[""])
    description: Description = Field(default="", examples=[""])

    def texts(self) -> dict[str, str]:
        return {name: text for name, text in self.model_dump().items() if text}


class ImageIn(_In):
    """A text that is not sent stays as it is; null empties it."""

    title: Title | None = None
    alt_text: AltText | None = None
    description: Description | None = None

    def texts(self) -> dict[str, str]:
        return {name: value or "" for name, value in self.model_dump(exclude_unset=True).items()}


class IdsIn(_In):
    ids: SentIds = Field(min_length=1, examples=[[1, 2]])


class ImageIdsIn(_In):
    image_ids: SentIds = Field(min_length=1, examples=[[3, 1, 2]])


class TargetIn(_In):
    image_id: SentId
    app_label: Text = Field(examples=["contacts"])
    model: Text = Field(examples=["contact"])
    object_id: ObjectId


class OptionsIn(_In):
    is_cover: StrictBool = False
    order: Annotated[StrictInt, Field(ge=0, le=MAX_ORDER)] | None = None
    custom_title: Title | None = None
    custom_alt_text: AltText | None = None
    custom_description: Description | None = None

    def relation_options(self) -> RelationOptions:
        """The options that were sent; null empties a text."""
        sent = self.model_dump(include=self.model_fields_set & set(OptionsIn.model_fields))
        texts = {name: value or "" for name, value in sent.items() if name.startswith("custom_")}
        return cast("RelationOptions", sent | texts)


class AttachIn(TargetIn, OptionsIn):
    pass


class Page(_In):
    limit: int = Field(default=100, ge=1, le=MOST_LISTED)
    offset: int = Field(default=0, ge=0, le=MAX_ORDER)


class ImagesPage(Page):
    cursor: Text = Field(
        default="",
        description="``next`` of the page before; not with ``offset``.",
    )
    title: Title = Field(default="", description="Part of the title; case-insensitive.")
    format: OriginalFormat | None = None
    status: ImageStatus | None = None
    unattached: bool = Field(default=False, description="Only images that no object uses.")
