"""Moves images and their relations from the package's tables to those of this app, and back.

Only the rows move. The files stay where they are, since the rows contain their keys.
"""

from django.db import migrations

PACKAGE = "polyimages.Image", "polyimages.PolymorphicImageRelation"
OWN = "archive.Photo", "archive.PhotoUse"


def forwards(apps, schema_editor):
    move(apps, schema_editor.connection.alias, PACKAGE, OWN)


def backwards(apps, schema_editor):
    move(apps, schema_editor.connection.alias, OWN, PACKAGE)


def move(apps, alias, source, target):
    old_images, old_relations = (apps.get_model(label).objects.using(alias) for label in source)
    new_images, new_relations = (apps.get_model(label).objects.using(alias) for label in target)
    ids = {}  # maps the old primary key of an image to its new one
    for rows in batches(old_images):
        ids |= insert_images(new_images, rows)
    for rows in batches(old_relations):  # in the order of their keys, which new ones keep
        new_relations.bulk_create(
            new_relations.model(**shared(row, new_relations) | {"image_id": ids[row["image_id"]]})
            for row in rows
        )
    # An image must not be in both tables: its files would be kept until both rows are deleted. A raw
    # deletion does not cascade: a row that still refers to an old image causes an error.
    old_relations._raw_delete(alias)
    old_images._raw_delete(alias)


def insert_images(images, rows):
    images.bulk_create(images.model(**shared(row, images)) for row in rows)
    # Not every database returns the keys of a bulk insert, so look them up by file, which is unique.
    files = [row["file"] for row in rows]
    keys = dict(images.filter(file__in=files).values_list("file", "pk"))
    times = ["created_at", "updated_at"]  # the insert has set them to now
    copies = [
        images.model(pk=keys[row["file"]], **{name: row[name] for name in times}) for row in rows
    ]
    images.bulk_update(copies, times)
    return {row["id"]: keys[row["file"]] for row in rows}


def batches(objects, size=500):
    for start in range(0, objects.count(), size):
        yield list(objects.order_by("pk").values()[start : start + size])


def shared(row, objects):
    """The columns that both models have, except for the primary key: new rows get new keys."""
    fields = objects.model._meta.concrete_fields
    names = {field.attname for field in fields if not field.primary_key}
    return {name: value for name, value in row.items() if name in names}


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0002_own_image_models"),
        # The newest one that changes these tables: both must have the same columns.
        ("polyimages", "0010_pending_images"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
