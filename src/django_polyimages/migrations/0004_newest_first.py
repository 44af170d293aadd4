from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0003_placeholder_and_media_types"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="image",
            index=models.Index(fields=["-created_at"], name="polyimages__created_094607_idx"),
        ),
    ]
