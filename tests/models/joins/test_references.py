from __future__ import annotations

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

from django_polyimages.models import Image, PolymorphicImageRelation
from django_polyimages.models.joins.references import references_to


class Base(models.Model):
    class Meta:
        abstract = True
        app_label = "contacts"


def found(model) -> set[tuple[str, str, str]]:
    """The model and field of each reference, and how the object that uses it is called."""
    return {
        (one.model.__name__, one.field.name, one.user_model.__name__)
        for one in references_to(model)
    }


def test_the_relations_refer_to_images_but_their_objects_are_no_uses_of_an_image():
    assert [(one.model, one.field.name) for one in references_to(Image)] == [
        (PolymorphicImageRelation, "image")
    ]


@isolate_apps("contacts")
def test_foreign_keys_one_to_ones_and_many_to_manys_are_found_with_any_related_name():
    class Picture(Base):
        pass

    class Author(Base):
        portrait = models.ForeignKey(Picture, models.CASCADE, related_name="+")
        icon = models.OneToOneField(Picture, models.SET_NULL, null=True)
        gallery = models.ManyToManyField(Picture, related_name="+")

    gallery = Author.gallery.through.__name__
    assert found(Picture) == {
        ("Author", "portrait", "Author"),
        ("Author", "icon", "Author"),
        (gallery, "picture", "Author"),
    }


@isolate_apps("contacts")
def test_a_row_of_the_same_table_may_refer_to_it():
    class Picture(Base):
        cut_from = models.ForeignKey("self", models.PROTECT, null=True)

    assert found(Picture) == {("Picture", "cut_from", "Picture")}


@isolate_apps("contacts", "django.contrib.contenttypes")
def test_what_a_model_declares_itself_does_not_use_it():
    class Tag(Base):
        kind = models.ForeignKey(ContentType, models.CASCADE)
        number = models.BigIntegerField()
        of = GenericForeignKey("kind", "number")

    class Topic(Base):
        pass

    class Picture(Base):
        topics = models.ManyToManyField(Topic)
        places = models.ManyToManyField(Topic, through="Place", related_name="+")
        tags = GenericRelation(Tag, "number", "kind")

    class Place(Base):
        topic = models.ForeignKey(Topic, models.CASCADE)
        picture = models.ForeignKey(Picture, models.CASCADE)

    assert found(Picture) == set()


@isolate_apps("contacts")
def test_what_refers_to_a_child_by_inheritance_refers_to_its_parent():
    class Picture(Base):
        code = models.CharField(max_length=9, unique=True)

    class Drawing(Picture):
        number = models.IntegerField(unique=True)

        class Meta:
            app_label = "contacts"

    class Copy(Picture):
        class Meta:
            app_label = "contacts"
            proxy = True

    class Frame(Base):
        drawing = models.ForeignKey(Drawing, models.CASCADE)
        picture = models.ForeignKey(Picture, models.CASCADE)
        copy = models.ForeignKey(Copy, models.CASCADE, related_name="+")
        code = models.ForeignKey(Picture, models.CASCADE, to_field="code", related_name="+")

    of_picture = {("Frame", name, "Frame") for name in ("drawing", "picture", "copy", "code")}
    assert found(Picture) == of_picture
    assert found(Copy) == of_picture
    assert found(Drawing) == of_picture


@pytest.mark.parametrize(
    ("key", "column", "fits"),
    [
        (models.BigAutoField, models.PositiveIntegerField, True),
        (models.BigAutoField, models.TextField, True),
        (models.BigAutoField, models.UUIDField, False),
        (models.UUIDField, models.UUIDField, True),
        (models.UUIDField, models.CharField, True),
        (models.UUIDField, models.BigIntegerField, False),
        (models.CharField, models.CharField, True),
        (models.CharField, models.BigIntegerField, False),
        (models.DateField, models.CharField, False),
    ],
)
def test_a_generic_foreign_key_refers_to_keys_that_fit_into_its_column(key, column, fits):
    with isolate_apps("contacts"):

        class Picture(Base):
            code = key(primary_key=True, **_length(key))

        class Mark(Base):
            kind = models.ForeignKey(ContentType, models.CASCADE)
            number = column(**_length(column))
            of = GenericForeignKey("kind", "number")

        class Child(Mark):  # inherits the column
            class Meta:
                app_label = "contacts"

        assert found(Picture) == ({("Mark", "of", "Mark")} if fits else set())


def _length(field) -> dict[str, int]:
    return {"max_length": 20} if field is models.CharField else {}
