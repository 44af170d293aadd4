from django.db import migrations

COLUMNS = ("title", "alt_text", "description")


def add_indexes(apps, schema_editor):
    """Serve ``icontains`` where the host has installed pg_trgm; docs/deep-pages.md tells how to add
    them later, and for an image model of the host.
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if not cursor.fetchone():
            return
    for column in COLUMNS:
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS polyimages_image_{column}_trgm "
            f"ON polyimages_image USING gin (UPPER({column}::text) gin_trgm_ops)"
        )


def remove_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for column in COLUMNS:
            schema_editor.execute(f"DROP INDEX IF EXISTS polyimages_image_{column}_trgm")


class Migration(migrations.Migration):

    atomic = False  # PostgreSQL creates an index CONCURRENTLY outside of transactions only

    dependencies = [
        ("polyimages", "0004_newest_first"),
    ]

    operations = [
        migrations.RunPython(add_indexes, remove_indexes, elidable=True),
    ]
