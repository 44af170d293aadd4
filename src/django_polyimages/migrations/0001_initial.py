import uuid

import django.db.models.deletion
import django_polyimages.storage
from django.conf import settings
from django.db import migrations, models

from django_polyimages.conf import get_settings

# The host's own organizations; a host decides before its first migrate, as for AUTH_USER_MODEL.
ORGANIZATION_MODEL = get_settings().organization_model
# Of a host without organizations, which the first image needs; 0008 creates it for all others.
DEFAULT_ORGANIZATION = migrations.CreateModel(
    name='DefaultOrganization',
    fields=[
        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
        ('slug', models.SlugField(default='default', editable=False, unique=True)),
    ],
    options={
        'verbose_name': 'organization',
        'verbose_name_plural': 'organizations',
    },
)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        migrations.swappable_dependency(ORGANIZATION_MODEL),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *([] if get_settings().has_organizations else [DEFAULT_ORGANIZATION]),
        migrations.CreateModel(
            name='FileDeletion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('keys', models.JSONField(verbose_name='keys')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'file deletion',
                'verbose_name_plural': 'file deletions',
            },
        ),
        migrations.CreateModel(
            name='Image',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.FileField(editable=False, max_length=255, storage=django_polyimages.storage.get_storage, upload_to=django_polyimages.storage.generate_upload_filename, verbose_name='original')),
                ('title', models.CharField(blank=True, max_length=255, verbose_name='title')),
                ('alt_text', models.CharField(blank=True, help_text='What the picture shows, for those who cannot see it.', max_length=1000, verbose_name='alternative text')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('width', models.PositiveIntegerField(editable=False, verbose_name='width')),
                ('height', models.PositiveIntegerField(editable=False, verbose_name='height')),
                ('byte_size', models.PositiveBigIntegerField(editable=False, verbose_name='size in bytes')),
                ('media_type', models.CharField(editable=False, max_length=50, verbose_name='media type')),
                ('sha256', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('versions', models.JSONField(default=dict, editable=False, verbose_name='versions')),
                ('status', models.CharField(choices=[('pending', 'pending'), ('ready', 'ready'), ('failed', 'failed')], default='pending', editable=False, max_length=10, verbose_name='status')),
                ('failure_reason', models.TextField(blank=True, editable=False, verbose_name='reason for failure')),
                ('creator', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='creator')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)ss', to=ORGANIZATION_MODEL, verbose_name='organization')),
            ],
            options={
                'verbose_name': 'image',
                'verbose_name_plural': 'images',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PolymorphicImageRelation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object_id', models.CharField(max_length=255, verbose_name='object id')),
                ('is_cover', models.BooleanField(default=False, verbose_name='cover')),
                ('order', models.PositiveIntegerField(blank=True, null=True, verbose_name='order')),
                ('custom_title', models.CharField(blank=True, max_length=255, verbose_name='title on this object')),
                ('custom_alt_text', models.CharField(blank=True, max_length=1000, verbose_name='alternative text on this object')),
                ('custom_description', models.TextField(blank=True, verbose_name='description on this object')),
                ('content_type', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contenttypes.contenttype', verbose_name='content type')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='relations', to='polyimages.image', verbose_name='image')),
            ],
            options={
                'verbose_name': 'image use',
                'verbose_name_plural': 'image uses',
                'ordering': [models.OrderBy(models.F('order'), nulls_last=True), 'pk'],
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['organization', '-created_at'], name='polyimages__organiz_a6ac80_idx'),
        ),
        migrations.AddIndex(
            model_name='polymorphicimagerelation',
            index=models.Index(fields=['content_type', 'object_id'], name='polyimages__content_98a2f1_idx'),
        ),
        migrations.AddConstraint(
            model_name='polymorphicimagerelation',
            constraint=models.UniqueConstraint(fields=('image', 'content_type', 'object_id'), name='polyimages_polymorphicimagerelation_once', violation_error_message='This image is already attached to this object.'),
        ),
        migrations.AddConstraint(
            model_name='polymorphicimagerelation',
            constraint=models.UniqueConstraint(condition=models.Q(('is_cover', True)), fields=('content_type', 'object_id'), name='polyimages_polymorphicimagerelation_cover', violation_error_message='This object already has a cover.'),
        ),
    ]
