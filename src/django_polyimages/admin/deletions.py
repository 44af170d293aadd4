"""Deletions that the storage refused, in the admin: what is left, and why."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_polyimages.models import FileDeletion
from django_polyimages.operations.deletions import carry_out, plan_these
from django_polyimages.operations.timing import Stop

SECONDS = 20
"""After which no further batch is begun; servers end requests that take 30 seconds."""


class FileDeletionAdmin(admin.ModelAdmin):
    """A list of the files that must still be deleted, to read and to try again.

    Nothing can be added, changed or removed: without its row, nobody would know of a file.
    """

    actions = ["try_again"]
    readonly_fields = [
        "keys",
        "original",
        "last_error",
        "attempts",
        "next_attempt_at",
        "created_at",
    ]
    list_display = ["shown_keys", "last_error", "attempts", "next_attempt_at", "created_at"]
    list_filter = ["last_error"]
    ordering = ["created_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of the list only, where it allows to try again."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @transaction.non_atomic_requests  # no transaction is open while the storage is asked
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changelist_view(request, *args, **kwargs)

    @admin.display(description=_("keys"))
    def shown_keys(self, deletion: FileDeletion) -> str:
        first, *others = deletion.keys
        return f"{first} + {len(others)}" if others else first

    @admin.action(description=_("Try again now"), permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Carry out the selected deletions, whether they are due or not."""
        plan = plan_these(queryset.using(router.db_for_write(FileDeletion)))
        done, reasons = 0, Counter[str]()
        for result in carry_out(plan, stop=Stop(SECONDS)):
            if result.reason:
                reasons[result.reason] += 1
            else:
                done += 1
        self._tell(request, done, reasons, left=plan.rows - done - reasons.total())

    def _tell(self, request: HttpRequest, done: int, reasons: Counter[str], *, left: int) -> None:
        if done:
            text = ngettext(
                "%(count)d deletion was carried out.", "%(count)d deletions were carried out.", done
            )
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        if refused := reasons.total():
            text = ngettext(
                "The storage refused %(count)d deletion: %(reasons)s.",
                "The storage refused %(count)d deletions: %(reasons)s.",
                refused,
            )
            text %= {"count": refused, "reasons": ", ".join(sorted(reasons))}
            self.message_user(request, text, messages.ERROR)
        if left > 0:
            text = ngettext(
                "%(count)d deletion was not tried, because there was no time left or another "
                "process is carrying it out.",
                "%(count)d deletions were not tried, because there was no time left or another "
                "process is carrying them out.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)
