"""What Django replaces without a word, told with both names and the way out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from contacts.models import Contact
from django_polyimages.checks import names
from django_polyimages.models import (
    AbstractImage,
    AbstractImageRelation,
    Image,
    ImageAttachable,
    ImageManager,
    ImagesField,
    register_attachable,
)
from organizations.models import Organization

APPS = ("contacts", "django.contrib.contenttypes")


class Meta:
    app_label = "contacts"


def model(name: str, *bases: type, abstract: bool = False, **attributes) -> type[models.Model]:
    """A new model; call this inside ``isolate_apps``."""
    meta = type("Meta", (), {"app_label": "contacts", "abstract": abstract})
    attributes |= {"__module__": __name__, "__qualname__": name, "Meta": meta}
    return type(name, bases or (models.Model,), attributes)


def key_to(target, **options) -> models.ForeignKey:
    return models.ForeignKey(target, models.CASCADE, **options)


def image_model(**attributes) -> type[AbstractImage]:
    meta = type("Meta", (AbstractImage.Meta, Meta), {})
    return type("Picture", (AbstractImage,), {"__module__": __name__, "Meta": meta} | attributes)


def relation_model(picture, **attributes) -> type[AbstractImageRelation]:
    meta = type("Meta", (AbstractImageRelation.Meta, Meta), {})
    attributes |= {"image": key_to(picture, related_name="relations")}
    own = {"__module__": __name__, "Meta": meta} | attributes
    return type("Use", (AbstractImageRelation,), own)


@pytest.fixture
def complaints(monkeypatch):
    """The ids and texts of the complaints about these models."""

    def found(*hosts) -> list[tuple[str, object, str]]:
        monkeypatch.setattr(names.apps, "get_models", lambda: list(hosts))
        messages = names.check_names_of_images()
        return [(one.id, one.obj, f"{one.msg} {one.hint}") for one in messages]

    return found


IN_THE_CLASS = {
    "a field": lambda: {"images": models.TextField()},
    "a foreign key": lambda: {"images": key_to(Contact, related_name="+")},
    "many to many": lambda: {"images": models.ManyToManyField(Contact, related_name="+")},
    "a property": lambda: {"images": property(lambda self: [])},
    "a method": lambda: {"images": lambda self: []},
    "a constant": lambda: {"images": ()},
}


@pytest.mark.parametrize("case", IN_THE_CLASS)
@pytest.mark.parametrize("place", ["own", "mixin before", "mixin after", "abstract base"])
@isolate_apps(*APPS)
def test_something_called_images_in_the_class_is_named(complaints, case, place):
    attributes = IN_THE_CLASS[case]()
    is_field = isinstance(attributes["images"], models.Field)
    if place == "own":
        shop, owner = model("Shop", ImageAttachable, **attributes), "Shop"
    elif place == "abstract base" or is_field:
        base = model("Base", abstract=True, **attributes)
        bases = (base, ImageAttachable) if place == "mixin before" else (ImageAttachable, base)
        shop, owner = model("Shop", *bases), "Base"
    else:
        mixin = type("Mixin", (), attributes | {"__qualname__": "Mixin", "__module__": __name__})
        bases = (mixin, ImageAttachable) if place == "mixin before" else (ImageAttachable, mixin)
        shop, owner = model("Shop", *bases), "Mixin"
    found = complaints(shop)
    assert {(one, obj) for one, obj, _text in found} == {("polyimages.E041", shop)}
    texts = " ".join(text for _id, _obj, text in found)
    assert "contacts.Shop has two things called images" in texts
    assert f"{__name__}.{owner}.images" in texts
    assert "photos = ImagesField() in Shop" in texts


REVERSE = {
    "related_name": lambda shop: {"shop": key_to(shop, related_name="images")},
    "one to one": lambda shop: {
        "shop": models.OneToOneField(shop, models.CASCADE, related_name="images")
    },
    "many to many": lambda shop: {"shops": models.ManyToManyField(shop, related_name="images")},
    "related_query_name": lambda shop: {
        "shop": key_to(shop, related_name="pictures", related_query_name="images")
    },
}


@pytest.mark.parametrize("case", REVERSE)
@pytest.mark.parametrize("made", ["inherited", "registered", "field"])
@isolate_apps(*APPS)
def test_the_reverse_side_of_a_relation_is_named(complaints, case, made):
    if made == "inherited":
        shop = model("Shop", ImageAttachable)
    else:
        shop = model("Shop", **({"images": ImagesField()} if made == "field" else {}))
    if made == "registered":
        register_attachable(shop)
    model("Photo", **REVERSE[case](shop))
    [(one, obj, text)] = complaints(shop)
    assert (one, obj) == ("polyimages.E041", shop)
    assert "contacts.Shop has two things called images" in text
    assert "contacts.Photo.shop" in text
    option = "related_query_name" if case == "related_query_name" else "related_name"
    assert f"(its {option})" in text


@isolate_apps(*APPS)
def test_the_query_name_of_a_model_called_images_is_named(complaints):
    shop = model("Shop", ImageAttachable)
    model("Images", shop=key_to(shop))
    [(_id, _obj, text)] = complaints(shop)
    assert "contacts.Images.shop (its related_query_name)" in text


@isolate_apps(*APPS)
def test_a_generic_relation_of_another_model_is_named(complaints):
    shop = model(
        "Shop",
        ImageAttachable,
        kind=key_to(ContentType, related_name="+"),
        kind_id=models.IntegerField(),
    )
    model("Album", shops=GenericRelation(shop, "kind_id", "kind", related_query_name="images"))
    [(_id, _obj, text)] = complaints(shop)
    assert "contacts.Album.shops" in text


@isolate_apps(*APPS)
def test_another_name_is_the_way_out(complaints):
    shop = model("Shop", photos=ImagesField())
    model("Photo", shop=key_to(shop, related_name="images"))
    town = model("Town", photos=ImagesField(), images=models.TextField())
    base = model("Base", ImageAttachable, abstract=True)
    farm = model("Farm", base, images=None, photos=ImagesField())
    none = model("Nothing", base, images=None)
    assert complaints(shop, town, farm, none) == []


@isolate_apps(*APPS)
def test_the_other_name_may_be_taken_as_well(complaints):
    shop = model("Shop", photos=ImagesField())
    model("Photo", shop=key_to(shop, related_name="photos"))
    [(one, _obj, text)] = complaints(shop)
    assert one == "polyimages.E041"
    assert "two things called photos" in text
    assert "attached_images = ImagesField() in Shop" in text


@isolate_apps(*APPS)
def test_a_child_and_a_proxy_are_not_blamed_for_their_parent(complaints):
    shop = model("Shop", ImageAttachable)
    model("Photo", shop=key_to(shop, related_name="images"))
    bakery = model("Bakery", shop)
    proxy = type(
        "Open", (shop,), {"__module__": __name__, "Meta": type("M", (Meta,), {"proxy": 1})}
    )
    assert [obj for _id, obj, _text in complaints(shop, bakery, proxy)] == [shop]


@isolate_apps(*APPS)
def test_two_names_for_the_same_images_are_one_too_many(complaints):
    shop = model("Shop", ImageAttachable, photos=ImagesField())
    parent = model("Parent", ImageAttachable)
    child = model("Child", parent, photos=ImagesField())
    found = complaints(shop, parent, child)
    assert [(one, obj) for one, obj, _text in found] == [
        ("polyimages.E042", shop),
        ("polyimages.E042", child),
    ]
    assert "The images of contacts.Shop have 2 names: photos and images." in found[0][2]


@isolate_apps(*APPS)
def test_the_name_images_is_free_on_organizations_and_users(complaints):
    """Images refer to both, but not by that name."""
    model("Logo", organization=key_to(Organization, related_name="images"))
    assert "images" not in {one.name for one in Organization._meta.related_objects}
    assert complaints(Organization, User) == []


@isolate_apps(*APPS)
def test_django_itself_tells_of_a_second_name_for_the_relations_of_an_image():
    model("Poster", image=key_to(Image, related_name="relations"))
    poster = model("Poster2", image=key_to(Image, related_query_name="relations"))
    assert "fields.E305" in {one.id for one in poster.check()}


@pytest.mark.django_db(databases="__all__")
def test_the_checks_are_registered(monkeypatch):
    monkeypatch.setattr(Contact, "images", ())
    assert "polyimages.E041" in {one.id for one in run_checks()}


class Live(models.Manager):
    pass


class LiveImages(ImageManager):
    pass


@pytest.mark.parametrize(
    ("attributes", "ids"),
    [
        ({}, []),
        ({"live": LiveImages()}, []),
        ({"objects": LiveImages()}, []),
        ({"live": Live()}, ["polyimages.E043"]),
        ({"live": Live(), "objects": LiveImages()}, ["polyimages.E043"]),
        ({"objects": LiveImages(), "live": Live()}, []),
        ({"objects": Live()}, []),  # E008
    ],
)
@isolate_apps(*APPS)
def test_a_manager_that_becomes_the_default_one_by_chance_is_named(monkeypatch, attributes, ids):
    picture = image_model(**attributes)
    monkeypatch.setattr(names, "get_image_model", lambda: picture)
    messages = names.check_default_manager()
    assert [one.id for one in messages] == ids
    assert all("The default manager of contacts.Picture is live" in one.msg for one in messages)
    monkeypatch.setattr(names, "get_image_model", lambda: Contact)
    assert names.check_default_manager() == []


@pytest.fixture
def taken(monkeypatch):
    """The texts about names of the package that these models take."""

    def found(picture, relation) -> list[str]:
        monkeypatch.setattr(names, "get_image_model", lambda: picture)
        monkeypatch.setattr(names, "get_relation_model", lambda: relation)
        messages = names.check_names_of_the_package()
        assert all(one.obj in (picture, relation) for one in messages)
        assert {one.id for one in messages} <= {"polyimages.E044"}
        return [f"{one.msg} {one.hint}" for one in messages]

    return found


@isolate_apps(*APPS)
def test_a_field_that_replaces_a_property_of_an_image_is_named(taken):
    picture = image_model(key=models.CharField(max_length=10), year=models.IntegerField())
    [text] = taken(picture, relation_model(picture))
    assert text == (
        "contacts.Picture has a field called key, which replaces AbstractImage.key. "
        "Rename it: contacts.Picture.key."
    )


@isolate_apps(*APPS)
def test_a_related_name_that_replaces_a_property_of_an_image_is_named(taken):
    picture = image_model()
    model("Secret", picture=key_to(picture, related_name="keys"))
    [text] = taken(picture, relation_model(picture))
    assert "a reverse relation called keys, which replaces AbstractImage.keys." in text
    assert "Rename it: contacts.Secret.picture." in text


@isolate_apps(*APPS)
def test_a_field_that_replaces_a_text_of_a_relation_is_named(taken):
    picture = image_model()
    [text] = taken(picture, relation_model(picture, title=models.TextField()))
    assert "contacts.Use has a field called title, which replaces AbstractImageRelation" in text


@isolate_apps(*APPS)
def test_a_method_or_a_property_may_be_overridden(taken):
    picture = image_model(url=property(lambda self: "x"), save=lambda self: None)
    assert taken(picture, relation_model(picture, title=property(lambda self: "x"))) == []
    assert taken(Contact, Contact) == []
