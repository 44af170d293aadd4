"""Regenerating versions in the admin: an action with a page, and a view for one image."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_polyimages import tasks
from django_polyimages.admin.library.refusals import NONE_LEFT, refusal
from django_polyimages.admin.library.usage import and_more
from django_polyimages.admin.titles import readable_title
from django_polyimages.models import AbstractImage, Regeneration
from django_polyimages.models.enqueueing import AT_ONCE, enqueue
from django_polyimages.operations.regeneration import images_of, plan_regeneration, regenerate

ADDRESSES_AT_ONCE = 200
FAILURES_NAMED = 10
"""How many failures a message lists; the others are only counted."""


class ImageRegeneration(admin.ModelAdmin):
    """The action ``regenerate_versions`` and the URL ``<pk>/regenerate/``."""

    regeneration_template = "admin/polyimages/image/regenerate.html"

    @admin.action(description=gettext_lazy("Regenerate versions"), permissions=["change"])
    def regenerate_versions(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Ask which versions to regenerate. A script then sends one request per image.

        The page does not contain the selected images, since there may be many: the script fetches
        a few hundred URLs at a time with the same action. Without JavaScript, one request does all.
        With a task engine there is no script: one request makes all images pending for the workers.
        """
        if "addresses_after" in request.POST:
            return self._addresses(request, queryset)
        if "post" in request.POST:
            make = self._make_all if tasks.is_inline() else self._enqueue_all
            make(request, queryset)
            return None
        number = queryset.count()
        if not number:
            self.message_user(request, NONE_LEFT, messages.WARNING)
            return None
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        across = request.POST.get("select_across", "0") == "1"
        context = {
            **self.admin_site.each_context(request),
            "title": _("Regenerate versions"),
            "subtitle": None,
            "number": number,
            "in_request": tasks.is_inline(),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "selected": selected[:1] if across else selected,
            "select_across": int(across),
            "back_url": request.get_full_path(),
            "opts": self.opts,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.regeneration_template, context)

    def regenerate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Regenerate the outdated versions of one image, or all with ``everything=1``.

        Responds with JSON to scripts and with a redirect to the image to browsers.
        """
        if request.method != "POST":
            return refusal(_("Only POST is allowed."), HTTPStatus.METHOD_NOT_ALLOWED)
        image = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, image):
            return refusal(
                _("You do not have permission to change this image."), HTTPStatus.FORBIDDEN
            )
        if image is None:
            return refusal(_("This image no longer exists."), HTTPStatus.NOT_FOUND)
        if not tasks.is_inline():
            return self._enqueue_one(request, image)
        result = regenerate(image, everything=_wants_everything(request))
        if result is None:
            return refusal(_("This image no longer exists."), HTTPStatus.NOT_FOUND)
        if request.accepts("text/html"):
            self._tell(request, [image], [(image, result.failure)] if result.failure else [])
            return HttpResponseRedirect(self._page_of(image))
        return self._as_json(image, result)

    def _as_json(self, image: AbstractImage, result: Regeneration) -> JsonResponse:
        return JsonResponse(
            {
                "title": readable_title(image),
                "url": self._page_of(image),
                "generated": list(result.generated),
                "failure": result.failure,
            }
        )

    def _enqueue_one(self, request: HttpRequest, image: AbstractImage) -> HttpResponse:
        images = self.model._default_manager.filter(pk=image.pk)
        number = enqueue(images, everything=_wants_everything(request))
        if not request.accepts("text/html"):
            return self._as_json(image, Regeneration([]))
        self._tell_enqueued(request, number, of=1)
        return HttpResponseRedirect(self._page_of(image))

    def _enqueue_all(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        plan = plan_regeneration(queryset, everything=_wants_everything(request))
        number = 0
        for first in range(0, len(plan.keys), AT_ONCE):
            keys = plan.keys[first : first + AT_ONCE]
            images = self.model._default_manager.filter(pk__in=keys)
            if not all(self.has_change_permission(request, image) for image in images):
                raise PermissionDenied
            number += enqueue(images.all(), everything=plan.everything)
        self._tell_enqueued(request, number, of=len(plan.keys))

    def _tell_enqueued(self, request: HttpRequest, number: int, *, of: int) -> None:
        if number:
            message = ngettext(
                "The versions of %(count)d image will be generated soon. Until then its status is "
                "pending.",
                "The versions of %(count)d images will be generated soon. Until then their status "
                "is pending.",
                number,
            )
            self.message_user(request, message % {"count": number}, messages.SUCCESS)
        if of > number:
            self._tell(request, [None] * (of - number), [])

    def _addresses(self, request: HttpRequest, queryset: QuerySet[Any]) -> JsonResponse:
        """The URLs for the next images, and the primary key after which to continue."""
        after = request.POST["addresses_after"]
        try:
            last = self.opts.pk.to_python(after) if after else None
        except ValidationError:
            return refusal(_("This is not a valid image ID."), HTTPStatus.BAD_REQUEST)
        plan = plan_regeneration(queryset, after=last, limit=ADDRESSES_AT_ONCE)
        return JsonResponse(
            {
                "addresses": [self._address("regenerate", key) for key in plan.keys],
                "after": "" if plan.is_complete else str(plan.keys[-1]),
            }
        )

    def _make_all(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        done, failures = [], []
        timeout: Regeneration | None = None  # of which one is enough for a request
        plan = plan_regeneration(queryset, everything=_wants_everything(request))
        for image in images_of(plan):
            if not self.has_change_permission(request, image):
                raise PermissionDenied
            if result := timeout or regenerate(image, everything=plan.everything):
                timeout = result if result.is_timeout else None
                done.append(image)
                failures += [(image, result.failure)] if result.failure else []
        self._tell(request, done, failures)

    def _tell(
        self, request: HttpRequest, done: list[Any], failures: list[tuple[AbstractImage, str]]
    ) -> None:
        good = len(done) - len(failures)
        if good or not failures:
            message = ngettext(
                "The versions of %(count)d image are up to date.",
                "The versions of %(count)d images are up to date.",
                good,
            )
            self.message_user(request, message % {"count": good}, messages.SUCCESS)
        if failures:
            named = [
                (self._page_of(image), image, reason) for image, reason in failures[:FAILURES_NAMED]
            ]
            message = ngettext(
                "{count} image failed: {images}", "{count} images failed: {images}", len(failures)
            )
            lines = [format_html('<a href="{}">{}</a> ({})', *one) for one in named]
            more = and_more(len(failures) - len(named))
            images = format_html_join(", ", "{}", zip([*lines, *([more] if more else [])]))
            text = format_html(message, count=len(failures), images=images)
            self.message_user(request, text, messages.ERROR)

    def _page_of(self, image: AbstractImage) -> str:
        return self._address("change", image.pk)

    def _address(self, name: str, key: Any) -> str:
        info = self.admin_site.name, self.opts.app_label, self.opts.model_name, name
        return reverse("{}:{}_{}_{}".format(*info), args=[quote(key)])


def _wants_everything(request: HttpRequest) -> bool:
    return request.POST.get("everything") == "1"
