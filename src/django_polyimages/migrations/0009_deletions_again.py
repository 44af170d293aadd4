from django.db import migrations, models

import django_polyimages.models.deletions


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0008_default_organization"),
    ]

    operations = [
        migrations.AddField(
            model_name="filedeletion",
            name="attempts",
            field=models.PositiveIntegerField(default=0, verbose_name="attempts"),
        ),
        migrations.AddField(
            model_name="filedeletion",
            name="next_attempt_at",
            field=models.DateTimeField(default=django_polyimages.models.deletions.first_attempt, verbose_name="next attempt"),
        ),
    ]
