"""Deletes many images from the list: counted instead of listed, and in batches."""

from __future__ import annotations

import time
from datetime import UTC
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import router, transaction
from django.db.models import CASCADE, PROTECT, RESTRICT, ProtectedError, QuerySet, RestrictedError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_polyimages.admin.library.deletion import (
    MOST_LOADED,
    deleted_objects,
    lacking_permissions,
    line_of,
)
from django_polyimages.admin.library.refusals import NONE_LEFT
from django_polyimages.admin.library.usage import and_more, uses_of, with_uses
from django_polyimages.models.counting import count_up_to
from django_polyimages.models.joins.metadata import on_delete_of
from django_polyimages.models.joins.references import ForeignKeyReference
from django_polyimages.models.usage import references

BATCH = 200
"""Images that are deleted in one transaction."""
SECONDS = 20
"""After which no further batch is begun; servers end requests that take 30 seconds."""
MOST_NAMED = 20


class ImageDeletions(admin.ModelAdmin):
    """The pages that ask before images are deleted, and the action ``delete_selected``."""

    mass_deletion_template = "admin/polyimages/image/delete_many.html"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """List the objects that use the images, and count their relations."""
        if isinstance(objs, QuerySet) and count_up_to(MOST_LOADED, objs) is None:
            return _counted(objs, request, self.admin_site)
        images = list(objs)
        lines, counts, lacking, protected = deleted_objects(images, request, self.admin_site)
        uses = uses_of(images, request, self.admin_site)
        return with_uses(lines, images, uses), counts, lacking, protected

    @admin.action(description=delete_selected.short_description, permissions=["delete"])  # type: ignore[attr-defined]
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Django's action; but of many images the page names only some, and a request deletes as
        many as it can.
        """
        if "until" not in request.POST:
            number = count_up_to(MOST_LOADED, queryset)
            if number is None:
                return self._ask(request, queryset, until=timezone.now().isoformat())
            if not number:
                self.message_user(request, NONE_LEFT, messages.WARNING)
                return None
            return delete_selected(self, request, queryset)
        images = queryset.filter(created_at__lte=_moment(request.POST["until"]))
        is_complete = self._delete_in_batches(request, images)
        return None if is_complete else self._ask(request, images, until=request.POST["until"])

    def _ask(self, request: HttpRequest, images: QuerySet[Any], *, until: str) -> HttpResponse:
        lines, counts, lacking, protected = self.get_deleted_objects(images, request)
        across = request.POST.get("select_across", "0") == "1"
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        number = images.count()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete multiple images"),
            "subtitle": None,
            "number": number,
            "lines": lines,
            "model_count": counts.items(),
            "lacking": lacking,
            "protected": protected,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "selected": selected[:1] if across else selected,
            "select_across": int(across),
            "until": until,
            "back_url": request.get_full_path(),
            "opts": self.opts,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.mass_deletion_template, context)

    def _delete_in_batches(self, request: HttpRequest, images: QuerySet[Any]) -> bool:
        """Whether all ``images`` are deleted, or those left cannot be deleted."""
        deadline = time.monotonic() + SECONDS
        done = 0
        problem = ""
        while not problem and time.monotonic() < deadline:
            keys = list(images.order_by("pk").values_list("pk", flat=True)[:BATCH])
            if not keys:
                break
            batch = self.model._default_manager.filter(pk__in=keys)  # no uses are counted
            try:
                self._delete_batch(request, batch)
            except (ProtectedError, RestrictedError) as error:
                problem = _protectors(error)
            else:
                done += len(keys)
        left = 0 if problem else images.count()
        self._tell_of_deletion(request, done, left, problem)
        return bool(problem) or not left

    def _delete_batch(self, request: HttpRequest, images: QuerySet[Any]) -> None:
        if not all(self.has_delete_permission(request, image) for image in images):
            raise PermissionDenied
        # Asked again for what is deleted with them: a request need not come from the page.
        _lines, _counts, lacking, _protected = deleted_objects(
            list(images), request, self.admin_site
        )
        if lacking:
            raise PermissionDenied
        with transaction.atomic(using=router.db_for_write(self.model)):
            self.log_deletions(request, images)
            self.delete_queryset(request, images)

    def _tell_of_deletion(self, request: HttpRequest, done: int, left: int, problem: str) -> None:
        text = ngettext("%(count)d image was deleted.", "%(count)d images were deleted.", done)
        text %= {"count": done}
        if problem:
            reason = _("The others were kept because some of them are in use: %(uses)s.")
            self.message_user(request, f"{text} {reason % {'uses': problem}}", messages.ERROR)
        elif left:
            rest = ngettext(
                "%(count)d image is left. Continue below.",
                "%(count)d images are left. Continue below.",
                left,
            )
            self.message_user(request, f"{text} {rest % {'count': left}}", messages.WARNING)
        else:
            self.message_user(request, text, messages.SUCCESS)


def _moment(text: str) -> Any:
    """When the user was asked: what was uploaded since was not meant."""
    try:
        moment = parse_datetime(text)
        if moment and timezone.is_aware(moment):
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # a date that does not exist, or not in UTC
        moment = None
    if moment is None or timezone.is_aware(moment) != timezone.is_aware(timezone.now()):
        raise BadRequest("until: this is not a date and time.")
    return moment


def _counted(images: QuerySet[Any], request: HttpRequest, site: Any) -> Any:
    """What ``get_deleted_objects()`` returns, by counting: the memory it takes is bounded."""
    number = images.count()
    first = list(images[:MOST_NAMED])
    lines = [*(line_of(image, site) for image in first), and_more(number - len(first))]
    counts = {images.model._meta.verbose_name_plural: number}
    lacking = lacking_permissions([images.model], request, site)
    protected = []
    for reference in references(images.model):
        if not isinstance(reference, ForeignKeyReference):
            continue
        on_delete = on_delete_of(reference.field)
        among = reference.among(images.order_by().values("pk"))
        if on_delete not in (CASCADE, PROTECT, RESTRICT) or not (
            rows := reference.model._base_manager.filter(among).count()
        ):
            continue
        meta = reference.model._meta
        if on_delete is CASCADE:
            counts[meta.verbose_name_plural] = rows
            lacking |= lacking_permissions([reference.model], request, site)
        else:
            protected.append(
                f"{rows} {meta.verbose_name if rows == 1 else meta.verbose_name_plural}"
            )
    return lines, counts, lacking, protected


def _protectors(error: ProtectedError | RestrictedError) -> str:
    objects = (
        error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
    )
    return ", ".join(sorted({str(type(one)._meta.verbose_name_plural) for one in objects}))
