from django.db import migrations, models

from django_polyimages.conf import get_settings


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0007_file_name"),
    ]

    # A host without organizations has the table since 0001, whose images refer to it.
    operations = (
        [
            migrations.CreateModel(
                name="DefaultOrganization",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("slug", models.SlugField(default="default", editable=False, unique=True)),
                ],
                options={
                    "verbose_name": "organization",
                    "verbose_name_plural": "organizations",
                },
            ),
        ]
        if get_settings().has_organizations
        else []
    )
