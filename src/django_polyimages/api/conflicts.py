"""What the database refuses because of other rows: images in use, duplicates."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.db import IntegrityError, connections, router, transaction
from django.db.models import CASCADE, PROTECT, RESTRICT, Model, ProtectedError, RestrictedError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_polyimages.access import Access
from django_polyimages.accessors import get_image_model
from django_polyimages.models import AbstractImage

logger = logging.getLogger("django_polyimages")
MOST_NAMED = 5
"""Of the objects of one model; the others are only counted."""
MOST_SEARCHED = 1000
"""Objects of one model that are looked up, however many there are."""
LONGEST_PATH = 3
"""Foreign keys between an object and the image that it protects."""


class InUse(Exception):
    """Images that other objects of the host protect from deletion; nothing was deleted."""


@contextmanager
def naming_uses(access: Access, images: Sequence[AbstractImage]) -> Iterator[None]:
    """A block that deletes images. Raises ``InUse``, which says what uses which, if it must not."""
    try:
        with savepoint():
            yield
    except ProtectedError as error:
        raise InUse(_uses(access, images, error.protected_objects)) from error
    except RestrictedError as error:
        raise InUse(_uses(access, images, error.restricted_objects)) from error


def savepoint() -> AbstractContextManager[None]:
    """A savepoint if the host opened a transaction, so that an error does not break that."""
    using = router.db_for_write(get_image_model())
    in_transaction = connections[using].in_atomic_block
    return transaction.atomic(using=using) if in_transaction else nullcontext()


def is_transaction_lost() -> bool:
    """Whether the host opened a transaction that can only be rolled back."""
    connection = connections[router.db_for_write(get_image_model())]
    return connection.in_atomic_block and connection.needs_rollback


def roll_back() -> None:
    """Let the transaction that the host opened, if it did, end with a rollback."""
    using = router.db_for_write(get_image_model())
    if connections[using].in_atomic_block:
        transaction.set_rollback(True, using=using)


def is_duplicate(error: IntegrityError) -> bool:
    """Whether a unique constraint refused a row."""
    cause = error.__cause__
    return (
        # PostgreSQL's manual, appendix A; psycopg 3 and 2 name the attribute differently.
        "23505" in (getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None))
        or error.args[:1] == (1062,)  # ER_DUP_ENTRY of MySQL and MariaDB
        or str(error).startswith("UNIQUE constraint failed")  # SQLite
    )


def duplicate() -> str:
    """The text of the 409 for a row that a unique constraint refused.

    Logs the current exception, because a receiver of the host may have caused it.
    """
    logger.warning("The database refused a duplicate.", exc_info=True)
    return _("Duplicate: this violates a unique constraint of the database.")


def lost_deadlock() -> str:
    """The text for what the database gave up because of a deadlock, several times."""
    return _("Another request changed the same data, so nothing was saved. Try again.")


def _uses(access: Access, images: Sequence[AbstractImage], objects: Iterable[Model]) -> str:
    found: dict[type[Model], list[Any]] = defaultdict(list)
    for obj in objects:
        found[type(obj)].append(obj.pk)
    uses = ", ".join(_named(access, model, keys) for model, keys in found.items())
    used = set().union(*(_used_by(model, keys) for model, keys in found.items()))
    ids = [str(image.pk) for image in images if image.pk in used]
    if not ids:
        return _("Nothing was deleted because images are in use: %(uses)s.") % {"uses": uses}
    message = ngettext(
        "Nothing was deleted because image %(ids)s is in use: %(uses)s.",
        "Nothing was deleted because images %(ids)s are in use: %(uses)s.",
        len(ids),
    )
    return message % {"ids": ", ".join(ids), "uses": uses}


def _named(access: Access, model: type[Model], keys: list[Any]) -> str:
    """``"2 contacts (Ada, Ben)"``; only the organization's objects are named."""
    objects = access.objects(model).filter(pk__in=keys[:MOST_SEARCHED]).order_by("pk")
    names = [str(obj)[:50] for obj in objects[:MOST_NAMED] if access.allows("view", obj)]
    meta = model._meta
    noun = meta.verbose_name if len(keys) == 1 else meta.verbose_name_plural
    return f"{len(keys)} {noun}" + (f" ({', '.join(names)})" if names else "")


def _used_by(model: type[Model], keys: list[Any]) -> set[Any]:
    """The keys of the images that these objects protect."""
    objects = model._base_manager.filter(pk__in=keys[:MOST_SEARCHED])
    return {key for path in paths_to_images(model) for key in objects.values_list(path, flat=True)}


def paths_to_images(
    model: type[Model], kinds: tuple[Any, ...] = (PROTECT, RESTRICT), length: int = LONGEST_PATH
) -> Iterator[str]:
    """The ORM paths by which ``model`` protects images: foreign keys that protect an image, or
    something that would be deleted with an image.
    """
    for field in model._meta.get_fields():
        if not (field.concrete and (field.many_to_one or field.one_to_one)):
            continue
        target: Any = field.related_model
        *_name, options = field.deconstruct()
        if options.get("on_delete") not in kinds:
            continue
        if issubclass(get_image_model(), target):
            yield f"{field.name}__pk"
        elif length > 1:
            rest = paths_to_images(target, (CASCADE,), length - 1)
            yield from (f"{field.name}__{path}" for path in rest)
