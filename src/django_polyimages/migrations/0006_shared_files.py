from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0005_search_with_trigrams"),
    ]

    operations = [
        migrations.AddField(
            model_name="filedeletion",
            name="original",
            field=models.CharField(blank=True, max_length=255, verbose_name="original"),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(fields=["file"], name="polyimages__file_42c7d9_idx"),
        ),
    ]
