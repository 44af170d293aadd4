from django.db import migrations

COLUMNS = ("title", "alt_text", "description")


def add_indexes(apps, schema_editor):
    """Serve ``icontains`` where the host has installed pg_trgm; docs/deep-pages.md tells how to add
    them later, and for an image model of the host.
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
            "WHERE extname = 'pg_trgm'"
        )
        installed = cursor.fetchone()
        # What an earlier attempt left behind when it was interrupted: PostgreSQL never uses it.
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
            "WHERE NOT indisvalid AND relname = ANY(%s)",
            [[f"polyimages_image_{column}_trgm" for column in COLUMNS]],
        )
        invalid = [name for (name,) in cursor.fetchall()]
    if not installed:
        return
    schema = schema_editor.quote_name(installed[0])
    for name in invalid:
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    for column in COLUMNS:
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS polyimages_image_{column}_trgm "
            f"ON polyimages_image USING gin (UPPER({column}::text) {schema}.gin_trgm_ops)"
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
