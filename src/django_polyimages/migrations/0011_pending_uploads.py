import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import django_polyimages.models.uploads
import django_polyimages.storage.incoming
from django_polyimages.conf import get_settings

# As in 0001_initial, the organizations are the host's own.
ORGANIZATION_MODEL = get_settings().organization_model


class Migration(migrations.Migration):

    dependencies = [
        ("polyimages", "0010_pending_images"),
        migrations.swappable_dependency(ORGANIZATION_MODEL),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PendingUpload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("file_name", models.CharField(blank=True, max_length=255, verbose_name="file name")),
                ("media_type", models.CharField(max_length=50, verbose_name="media type")),
                ("byte_size", models.PositiveBigIntegerField(verbose_name="size in bytes")),
                ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256")),
                ("key", models.CharField(default=django_polyimages.storage.incoming.new_incoming_key, max_length=255, unique=True, verbose_name="key")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("expires_at", models.DateTimeField(default=django_polyimages.models.uploads.new_expiry, verbose_name="expires at")),
                ("state", models.CharField(choices=[("waiting", "waiting"), ("used", "used"), ("cancelled", "cancelled")], default="waiting", max_length=10, verbose_name="status")),
                ("creator", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="creator")),
                ("organization", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=ORGANIZATION_MODEL, verbose_name="organization")),
            ],
            options={
                "verbose_name": "pending upload",
                "verbose_name_plural": "pending uploads",
                "indexes": [models.Index(fields=["expires_at"], name="polyimages__expires_fab9f7_idx")],
            },
        ),
    ]
