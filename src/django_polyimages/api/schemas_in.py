"""What is sent to the API: bodies, forms and queries, each with exactly these fields."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from ninja import Schema
from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

from django_polyimages.formats import OriginalFormat
from django_polyimages.models.relation_manager import RelationOptions

MAX_ORDER = 2_147_483_647
"""The largest value of a ``PositiveIntegerField`` on every database."""

SentId = Annotated[StrictInt | StrictStr, Field(description="An image's id.", examples=[1])]
ObjectId = Annotated[StrictInt | StrictStr, Field(description="The object's primary key.")]
WITHOUT_NUL = r"^[^\x00]*$"  # PostgreSQL has no such character
Text = Annotated[StrictStr, Field(pattern=WITHOUT_NUL)]
Title = Annotated[StrictStr, Field(pattern=WITHOUT_NUL, max_length=255)]
AltText = Annotated[StrictStr, Field(pattern=WITHOUT_NUL, max_length=1000)]
Description = Annotated[StrictStr, Field(pattern=WITHOUT_NUL, max_length=10_000)]


class _In(Schema):
    """A body: exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class BulkUploadIn(_In):
    """No field beside the files."""


class UploadIn(_In):
    """The file's name is the title unless one is sent; a form knows no null."""

    title: Title = ""
    alt_text: AltText = ""
    description: Description = ""


class ImageIn(_In):
    """A field that is not sent stays as it is; null empties it."""

    title: Title | None = None
    alt_text: AltText | None = None
    description: Description | None = None

    def texts(self) -> dict[str, str]:
        return {name: value or "" for name, value in self.model_dump(exclude_unset=True).items()}


class IdsIn(_In):
    ids: list[SentId] = Field(min_length=1, examples=[[1, 2]])


class ImageIdsIn(_In):
    image_ids: list[SentId] = Field(min_length=1, examples=[[3, 1, 2]])


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
        """What was sent, and nothing else; a text that is null is empty."""
        sent = self.model_dump(include=self.model_fields_set & set(OptionsIn.model_fields))
        texts = {name: value or "" for name, value in sent.items() if name.startswith("custom_")}
        return cast("RelationOptions", sent | texts)


class AttachIn(TargetIn, OptionsIn):
    pass


class Page(_In):
    limit: int = Field(default=100, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=MAX_ORDER)


class ImagesPage(Page):
    cursor: Text = Field(default="", description="From ``next`` of the page before; no offset.")
    title: Text = Field(default="", description="A part of the title, in any case.")
    format: OriginalFormat | None = None
    status: Literal["pending", "ready", "failed"] | None = None
    unattached: bool = Field(default=False, description="Only images that no object uses.")
