import django.core.validators
import django.db.models.deletion
import django_polyimages.storage
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('library', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Photo',
            fields=[
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
                ('focal_x', models.FloatField(default=0.5, help_text='0 is the left edge, 1 the right one; versions that fill their box keep it.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)], verbose_name='focal point from the left')),
                ('focal_y', models.FloatField(default=0.5, help_text='0 is the upper edge, 1 the lower one.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)], verbose_name='focal point from the top')),
                ('dominant_color', models.CharField(blank=True, editable=False, max_length=7, verbose_name='dominant colour')),
                ('preview', models.TextField(blank=True, editable=False, verbose_name='preview')),
                ('versions', models.JSONField(default=dict, editable=False, verbose_name='versions')),
                ('status', models.CharField(choices=[('pending', 'pending'), ('ready', 'ready'), ('failed', 'failed')], default='pending', editable=False, max_length=10, verbose_name='status')),
                ('failure_reason', models.TextField(blank=True, editable=False, verbose_name='reason of failure')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('photographer', models.CharField(blank=True, max_length=100)),
                ('licence', models.CharField(default='all rights reserved', max_length=50)),
                ('creator', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='creator')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)ss', to='auth.group', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'photo',
                'verbose_name_plural': 'photos',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PhotoUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object_id', models.CharField(max_length=255, verbose_name='object id')),
                ('is_cover', models.BooleanField(default=False, verbose_name='cover')),
                ('order', models.PositiveIntegerField(blank=True, null=True, verbose_name='order')),
                ('custom_title', models.CharField(blank=True, max_length=255, verbose_name='title here')),
                ('custom_alt_text', models.CharField(blank=True, max_length=1000, verbose_name='alternative text here')),
                ('custom_description', models.TextField(blank=True, verbose_name='description here')),
                ('caption_position', models.CharField(default='below', max_length=10)),
                ('content_type', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contenttypes.contenttype', verbose_name='content type')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='relations', to='library.photo')),
            ],
            options={
                'verbose_name': 'use of a photo',
                'verbose_name_plural': 'uses of photos',
                'ordering': [models.OrderBy(models.F('order'), nulls_last=True), 'pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Poster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='library.photo')),
            ],
        ),
        migrations.AddIndex(
            model_name='photo',
            index=models.Index(fields=['organization', '-created_at'], name='library_pho_organiz_754605_idx'),
        ),
        migrations.AddIndex(
            model_name='photo',
            index=models.Index(fields=['photographer'], name='library_pho_photogr_b91063_idx'),
        ),
        migrations.AddIndex(
            model_name='photouse',
            index=models.Index(fields=['content_type', 'object_id'], name='library_pho_content_934462_idx'),
        ),
        migrations.AddConstraint(
            model_name='photouse',
            constraint=models.UniqueConstraint(fields=('image', 'content_type', 'object_id'), name='library_photouse_once', violation_error_message='This image is attached to this object already.'),
        ),
        migrations.AddConstraint(
            model_name='photouse',
            constraint=models.UniqueConstraint(condition=models.Q(('is_cover', True)), fields=('content_type', 'object_id'), name='library_photouse_cover', violation_error_message='This object has a cover already.'),
        ),
    ]
