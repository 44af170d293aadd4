from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0009_deletions_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="attempts"),
        ),
        migrations.AddField(
            model_name="image",
            name="next_attempt_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="next attempt"),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(fields=["status", "next_attempt_at"], name="polyimages__status_2794d3_idx"),
        ),
    ]
