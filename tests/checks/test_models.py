from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import models as fields
from django.db.models import CASCADE
from django.test.utils import isolate_apps

from django_polyimages.checks import models
from django_polyimages.models import AbstractImage, AbstractImageRelation

APPS = ("contacts", "django.contrib.contenttypes")


class Meta:
    """The ``Meta`` of a model that does not inherit the package's ``Meta``."""

    app_label = "contacts"


def picture_model(**attributes) -> type[AbstractImage]:
    """A new image model; call this inside ``isolate_apps``."""
    own = {"__module__": __name__, "Meta": type("Meta", (AbstractImage.Meta, Meta), {})}
    return type("Picture", (AbstractImage,), own | attributes)


def relation_model(image: fields.Field | None, **attributes) -> type[AbstractImageRelation]:
    """A new relation model with this field as ``image``."""
    meta = type("Meta", (AbstractImageRelation.Meta, Meta), {})
    own = {"__module__": __name__, "Meta": meta, "image": image}
    return type("Use", (AbstractImageRelation,), own | attributes)


def foreign_key(model, related_name="relations") -> fields.ForeignKey:
    return fields.ForeignKey(model, CASCADE, related_name=related_name)


@pytest.fixture
def complaints(monkeypatch):
    """The texts of the complaints about these two models, by check id."""

    def found(picture, relation) -> dict[str, str]:
        monkeypatch.setattr(models, "get_image_model", lambda: picture)
        monkeypatch.setattr(models, "get_relation_model", lambda: relation)
        messages = [*models.check_image_model(), *models.check_relation_model()]
        assert all(one.obj in (picture, relation) for one in messages)
        return {one.id.removeprefix("polyimages."): f"{one.msg} {one.hint}" for one in messages}

    return found


def test_the_default_models_are_fine():
    assert models.check_image_model() == []
    assert models.check_relation_model() == []


@isolate_apps(*APPS)
def test_own_models_that_inherit_ours_are_fine(complaints):
    picture = picture_model()
    assert complaints(picture, relation_model(foreign_key(picture))) == {}


@isolate_apps(*APPS)
def test_an_image_model_inherits_the_abstract_one(complaints):
    picture = picture_model()
    found = complaints(Group, relation_model(foreign_key(picture)))
    assert "auth.Group, which does not inherit AbstractImage." in found["E002"]


@isolate_apps(*APPS)
def test_a_relation_model_inherits_the_abstract_one(complaints):
    found = complaints(picture_model(), Group)
    assert list(found) == ["E003"]
    assert "auth.Group, which does not inherit AbstractImageRelation." in found["E003"]


@isolate_apps(*APPS)
def test_an_image_model_keeps_our_manager(complaints):
    picture = picture_model(objects=fields.Manager())
    found = complaints(picture, relation_model(foreign_key(picture)))
    assert list(found) == ["E008"]
    assert "Let your manager inherit ImageManager" in found["E008"]


@isolate_apps(*APPS)
def test_a_relation_model_keeps_our_manager(complaints):
    picture = picture_model()
    found = complaints(picture, relation_model(foreign_key(picture), objects=fields.Manager()))
    assert list(found) == ["E009"]


@pytest.mark.parametrize("field", [None, fields.IntegerField()])
@isolate_apps(*APPS)
def test_a_relation_has_a_foreign_key_to_its_image(complaints, field):
    meta = type("Meta", (AbstractImageRelation.Meta, Meta), {"constraints": []})
    found = complaints(picture_model(), relation_model(field and field.clone(), Meta=meta))
    assert 'image = models.ForeignKey("contacts.Picture", on_delete=models.CASCADE' in found["E004"]
    assert "E005" not in found


@isolate_apps(*APPS)
def test_both_models_are_switched_together(complaints):
    other = type("Drawing", (AbstractImage,), {"__module__": __name__, "Meta": Meta})
    found = complaints(picture_model(), relation_model(foreign_key(other)))
    assert list(found) == ["E005"]
    assert "refers to contacts.Drawing, but IMAGE_MODEL is contacts.Picture" in found["E005"]


@pytest.mark.parametrize("name", [None, "uses"])
@isolate_apps(*APPS)
def test_images_call_their_relations_relations(complaints, name):
    picture = picture_model()
    found = complaints(picture, relation_model(foreign_key(picture, name)))
    assert list(found) == ["E006"]
    assert 'related_name="relations")' in found["E006"]


@isolate_apps(*APPS)
def test_a_relation_model_keeps_our_meta(complaints):
    picture = picture_model()
    found = complaints(picture, relation_model(foreign_key(picture), Meta=Meta))
    assert list(found) == ["E007", "W003"]
    assert (
        "on content_type, image, object_id and none on content_type, object_id for covers"
        in (found["E007"])
    )
    assert "class Meta(AbstractImageRelation.Meta)" in found["W003"]


@isolate_apps(*APPS)
def test_one_constraint_of_two_is_not_enough(complaints):
    once = fields.UniqueConstraint(fields=["object_id", "image", "content_type"], name="once")
    odd = fields.CheckConstraint(condition=fields.Q(order__gt=1), name="odd")
    meta = type("Meta", (AbstractImageRelation.Meta, Meta), {"constraints": [odd, once]})
    picture = picture_model()
    found = complaints(picture, relation_model(foreign_key(picture), Meta=meta))
    assert list(found) == ["E007"]
    assert "no unique constraint on content_type, object_id for covers." in found["E007"]
