from django.db import migrations, models

BATCH = 500
MEDIA_TYPES = {"webp": "image/webp", "avif": "image/avif", "jpg": "image/jpeg", "png": "image/png"}


def record_media_types(apps, schema_editor):
    """Until now the settings in force said which format a version had."""
    images = apps.get_model("polyimages", "Image").objects.using(schema_editor.connection.alias)
    last = 0
    while batch := list(images.filter(pk__gt=last).order_by("pk").only("versions")[:BATCH]):
        for image in batch:
            for record in image.versions.values():
                extension = record["key"].rpartition(".")[2]
                if extension in MEDIA_TYPES:
                    record.setdefault("media_type", MEDIA_TYPES[extension])
        images.bulk_update(batch, ["versions"])
        last = batch[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0002_focal_point_and_preview"),
    ]

    operations = [
        migrations.RenameField("image", "preview", "placeholder"),
        migrations.AlterField(
            model_name="image",
            name="placeholder",
            field=models.TextField(blank=True, editable=False, verbose_name="placeholder"),
        ),
        migrations.RunPython(record_media_types, migrations.RunPython.noop, elidable=True),
    ]
