
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('own_relation', '0002_columns_of_a_hosts_own'),
    ]

    operations = [
        migrations.AddField(
            model_name='shot',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='shot',
            name='next_attempt_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='next attempt'),
        ),
        migrations.AddIndex(
            model_name='shot',
            index=models.Index(fields=['status', 'next_attempt_at'], name='own_relatio_status_584f5a_idx'),
        ),
    ]
