"""A host's key in SQL, spelt as a relation's ``object_id`` spells it: as ``str(obj.pk)``.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``features`` of a connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db import NotSupportedError, models
from django.db.models.expressions import Expression, Func, Value
from django.db.models.functions import Cast, Concat, Substr
from django.db.models.lookups import Exact, In

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    _Exact = Exact[Any]
    _In = In[Any]
else:
    _Exact = Exact
    _In = In

_AsSql = tuple[str, "tuple[Any, ...]"]
_KINDS = (models.CharField, models.TextField, models.IntegerField, models.UUIDField)
_UUID_PARTS = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]


class KeyAsText(Func):
    """The primary key of an object as text; it may be an integer, a UUID or text.

    Raises ``NotSupportedError`` for a type that the database converts to another text than Python,
    because queries would silently find nothing.
    """

    arity = 1
    output_field = models.CharField()

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> _AsSql:
        [key] = self.get_source_expressions()
        kind = key.output_field
        if not isinstance(kind, _KINDS) or hasattr(kind, "from_db_value"):
            raise NotSupportedError(
                f"{kind} is a {type(kind).__name__}: queries across images need a primary key that "
                "is an integer, a UUID or text, stored in the database without conversion."
            )
        if isinstance(kind, models.CharField | models.TextField):
            return compiler.compile(key)
        if isinstance(kind, models.UUIDField) and not connection.features.has_native_uuid_field:
            return compiler.compile(_hyphenated(key))
        # The result of CAST() has another collation there, which may conflict with object_id's.
        is_mysql = connection.vendor == "mysql"
        text = Func(key, function="CONCAT") if is_mysql else Cast(key, models.CharField())
        return compiler.compile(text)


class ContentTypeKey(Expression):
    """The content type of ``model`` in the database of the query; its id may differ in others."""

    output_field = models.IntegerField()

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__()
        self.model = model

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> _AsSql:
        content_types = ContentType.objects.db_manager(connection.alias)
        return "%s", (content_types.get_for_model(self.model).pk,)


class _SameBytes:
    """Compares bytes on MySQL and MariaDB, where many collations find "KEY" or "key " for "key".

    The comparison by collation is kept as well, because it can use the index.
    """

    def as_mysql(self: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> _AsSql:
        loose, loose_params = self.as_sql(compiler, connection)
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        sql = f"({loose} AND {_as_bytes(lhs)} {self.same_bytes(rhs)})"
        return sql, (*loose_params, *lhs_params, *rhs_params)


class SameKey(_SameBytes, _Exact):
    """``object_id=`` with a value, or with a primary key column converted to text."""

    def process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        if isinstance(self.rhs, Expression):
            return compiler.compile(KeyAsText(self.rhs))
        return super().process_rhs(compiler, connection)

    def same_bytes(self, rhs: str) -> str:
        return f"= {_as_bytes(rhs)}"


class SameKeys(_SameBytes, _In):
    """``object_id__in=``."""

    def same_bytes(self, rhs: str) -> str:
        return f"IN {rhs}"


def _hyphenated(key: Expression) -> Expression:
    """Convert 32 hexadecimal digits, as databases without a UUID type store a UUID."""
    first, *rest = (Substr(key, start, length) for start, length in _UUID_PARTS)
    return Concat(first, *(part for one in rest for part in (Value("-"), one)))


def _as_bytes(sql: str) -> str:
    return f"CAST(CONVERT({sql} USING utf8mb4) AS BINARY)"
