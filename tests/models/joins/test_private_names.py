"""Django's private and undocumented names: used in ``models/joins`` only, and there in every
supported Django. ``tox -e joins`` runs this folder with each of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import (
    GenericRel,
    GenericRelation,
    ReverseGenericManyToOneDescriptor,
)
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.db.models.deletion import Collector
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.query_utils import DeferredAttribute, PathInfo
from django.db.models.sql.where import AND, WhereNode

import django_polyimages
from contacts.models import Contact
from django_polyimages.models import Image, prefetch_images
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import fake_images

SOURCE = Path(django_polyimages.__file__).parent
JOINS = SOURCE / "models" / "joins"

DOCUMENTED = {"_meta", "_state", "_default_manager", "_base_manager"}
DOCUMENTED_OF_META = {
    *(
        "abstract",
        "app_label",
        "constraints",
        "db_table",
        "indexes",
        "label",
        "label_lower",
        "model_name",
    ),
    *("get_field", "get_fields", "object_name", "ordering", "pk", "proxy", "verbose_name"),
    "verbose_name_plural",
}
UNDOCUMENTED = {
    *(
        "content_type_field_name",
        "features",
        "get_cached_value",
        "get_extra_restriction",
        "get_path_info",
    ),
    *("get_path_info", "get_reverse_joining_fields", "is_cached", "is_sliced", "mti_inherited"),
    *("object_id_field_name", "prefetch_cache_name", "remote_field", "set_cached_value"),
    *("target_field", "through"),
}
NOT_OF_THE_ORM = {
    "_normalize_name",
    "_wrapped",
    "_construct_form",
    "_decorators",
    "_should_delete_form",
    "_polyimages_refusal",
    "_of_target",
    "_is_text",
}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def own_names() -> set[str]:
    """What the package itself calls something."""
    names = set()
    for path in set(SOURCE.rglob("*.py")) - set(JOINS.glob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names |= {node.attr} if ast.unparse(node.value) == "self" else set()
    return names


def private_uses(path: Path, own: set[str]) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Attribute) or node.attr.startswith("__"):
            continue
        of_meta = isinstance(node.value, ast.Attribute) and node.value.attr == "_meta"
        if of_meta and isinstance(node.value.value, ast.Name) and node.value.value.id == "self":
            of_meta = False  # a form's
        is_private = node.attr.startswith("_") and node.attr not in DOCUMENTED | own
        if (
            is_private
            or node.attr in UNDOCUMENTED
            or (of_meta and node.attr not in DOCUMENTED_OF_META)
        ):
            yield f"{path.relative_to(SOURCE)}:{node.lineno} {node.attr}"


def test_no_other_module_uses_them():
    own = own_names() | NOT_OF_THE_ORM
    modules = [path for path in SOURCE.rglob("*.py") if JOINS not in path.parents]
    assert [use for path in sorted(modules) for use in private_uses(path, own)] == []


@pytest.mark.parametrize("path", sorted(JOINS.glob("*.py")), ids=lambda path: path.stem)
def test_each_module_lists_those_it_uses(path):
    listed = ast.get_docstring(tree_of(path)) or ""
    uses = {use.rpartition(" ")[2] for use in private_uses(path, own_names() | NOT_OF_THE_ORM)}
    assert {name for name in uses if f"``{name}" not in listed} == set()


@pytest.mark.parametrize(
    ("holder", "names"),
    [
        (GenericRelation, "get_path_info get_reverse_path_info get_reverse_joining_fields"),
        (GenericRelation, "get_extra_restriction is_cached get_cached_value set_cached_value"),
        (GenericRelation, "delete_cached_value get_col get_lookup"),
        (QuerySet, "_raw_delete"),
        (Collector, "collect delete related_objects"),
        (GenericRelation("contacts.Contact"), "remote_field mti_inherited"),
        (GenericRelation("contacts.Contact"), "content_type_field_name object_id_field_name"),
        (GenericRel, "get_path_info get_extra_restriction"),
        (ReverseGenericManyToOneDescriptor, "related_manager_cls"),
        (ForwardManyToOneDescriptor, "get_prefetch_querysets is_cached"),
        (Contact._meta, "private_fields apps concrete_model parents auto_created"),
        (Relation._meta.get_field("image"), "target_field"),
        (Relation._meta.get_field("image").remote_field, "related_name"),
        (User._meta.get_field("groups").remote_field, "through"),
        (Contact.objects.all(), "_db _result_cache _prefetch_done"),
        (Contact.objects.all().query, "is_sliced"),
        (Image._meta.get_field("versions"), "descriptor_class"),
        (DeferredAttribute(None), "field"),
        (PathInfo, "join_field m2m"),
        (WhereNode([], connector=AND), "children"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_the_names_exist(holder, names):
    assert [name for name in names.split() if not hasattr(holder, name)] == []


@pytest.mark.django_db
def test_the_manager_of_one_object_is_djangos(contact):
    images = contact.images
    assert (images.instance, images.prefetch_cache_name) == (contact, "images")
    assert images.content_type == ContentType.objects.get_for_model(Contact)
    assert type(images).__mro__[2].__name__ == "GenericRelatedObjectManager"


@pytest.mark.django_db
def test_what_is_prefetched_is_where_django_looks_for_it(contact, acme, django_assert_num_queries):
    contact.images.attach_many(fake_images(acme, 2))
    prefetch_images([contact])
    assert list(contact._prefetched_objects_cache) == ["images"]
    with django_assert_num_queries(0):
        assert len(contact.images.all()) == 2
    contact.images._remove_prefetched_objects()
    with django_assert_num_queries(1):
        assert len(contact.images.all()) == 2
