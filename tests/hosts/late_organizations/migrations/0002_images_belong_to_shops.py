import os

from django.db import migrations

from django_polyimages.operations.organization_model import ChangeOrganizationModel

OLD_MODEL = os.environ["OLD_MODEL"] or "polyimages.DefaultOrganization"


def new_keys(apps):
    """A shop for each organization so far."""
    Shop = apps.get_model("shops", "Shop")
    return {
        old.pk: Shop.objects.get_or_create(slug=getattr(old, "slug", None) or old.name)[0].pk
        for old in apps.get_model(OLD_MODEL).objects.exclude(pk=int(os.environ.get("LOST", "0")))
    }


class Migration(migrations.Migration):
    dependencies = [
        ("shops", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("polyimages", "0008_default_organization"),
    ]

    operations = [ChangeOrganizationModel(OLD_MODEL, new_keys)]
