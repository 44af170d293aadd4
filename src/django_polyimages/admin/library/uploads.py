"""Uploads of the admin's pages: a file is sent as soon as it is chosen, before its form is saved.

The URLs and their JSON are those of the HTTP API, which a host may not have mounted.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from django_polyimages.admin.library.refusals import refusal
from django_polyimages.errors import InvalidImage, StorageUnavailable, UploadGone
from django_polyimages.models import PendingUpload

LONGEST_BODY: Final = 10_000
"""Bytes of the request that begins an upload."""


class ImageUploads(admin.ModelAdmin):
    """``uploads/`` begins one, ``uploads/<id>/`` cancels it, ``uploads/<id>/file/`` takes the file
    unless the storage does, and ``uploads/<id>/complete/`` makes an image of it.
    """

    @property
    def upload_urls(self) -> list[URLPattern]:
        named = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        one = "uploads/<uuid:upload_id>/"
        return [
            path("uploads/", wrap(self.begin_upload_view), name=f"{named}_uploads"),
            path(one, wrap(self.cancel_upload_view), name=f"{named}_upload"),
            path(f"{one}complete/", wrap(self.complete_upload_view), name=f"{named}_complete"),
            # Its token is the permission, as that of a signed URL of the storage is.
            path(f"{one}file/", csrf_exempt(self.receive_upload_view), name=f"{named}_upload_file"),
        ]

    @property
    def uploads_url(self) -> str:
        """Where the scripts begin an upload."""
        return self._upload_url("uploads")

    def begin_upload_view(self, request: HttpRequest) -> HttpResponse:
        """The body is a JSON object with ``name`` and ``size``, and perhaps ``type``."""
        if refused := self._refuse(request, "POST"):
            return refused
        try:
            sent = _read(request)
            upload = PendingUpload.objects.begin(creator=request.user, **sent)  # type: ignore[arg-type]
        except InvalidImage as error:
            return refusal(str(error), HTTPStatus.BAD_REQUEST, error.code)
        except ValueError as error:
            return refusal(str(error), HTTPStatus.BAD_REQUEST)
        place = upload.instructions(self._upload_url("upload_file", upload.pk))
        return JsonResponse(
            {
                "id": str(upload.pk),
                "method": place.method,
                "url": place.url,
                "headers": place.headers,
                "expires_at": place.expires_at,
            }
        )

    @transaction.non_atomic_requests  # no transaction is open while a slow client sends
    def receive_upload_view(self, request: HttpRequest, upload_id: UUID) -> HttpResponse:
        """The body is the file."""
        if request.method != "PUT":
            return refusal(_("Only PUT is allowed."), HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            PendingUpload.objects.receive(request.GET.get("token", ""), request, key=str(upload_id))
        except UnreadablePostError:  # the connection was lost, so nobody reads the answer
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        except PermissionDenied as error:
            return refusal(str(error), HTTPStatus.FORBIDDEN)
        except UploadGone as error:
            return refusal(str(error), HTTPStatus.PRECONDITION_FAILED, error.code)
        except InvalidImage as error:
            return refusal(str(error), HTTPStatus.BAD_REQUEST, error.code)
        except StorageUnavailable as error:
            return refusal(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def cancel_upload_view(self, request: HttpRequest, upload_id: UUID) -> HttpResponse:
        """Also if it does not exist any longer."""
        if refused := self._refuse(request, "DELETE"):
            return refused
        with suppress(UploadGone):
            upload = PendingUpload.objects.find(upload_id)
            upload.check_creator(request.user.pk)
            upload.cancel()
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def complete_upload_view(self, request: HttpRequest, upload_id: UUID) -> HttpResponse:
        """The body is what the form for a new image would send, without its file."""
        if refused := self._refuse(request, "POST"):
            return refused
        try:
            PendingUpload.objects.received(upload_id, creator=request.user)  # type: ignore[arg-type]
            with transaction.atomic(using=router.db_for_write(self.model)):
                return self._add(request, upload_id)
        except UploadGone as error:
            is_used = error.code == "used"
            status = HTTPStatus.CONFLICT if is_used else HTTPStatus.NOT_FOUND
            return refusal(str(error), status, error.code)
        except InvalidImage as error:
            return refusal(str(error), HTTPStatus.BAD_REQUEST, error.code)
        except StorageUnavailable as error:
            return refusal(str(error), HTTPStatus.SERVICE_UNAVAILABLE)

    def _add(self, request: HttpRequest, upload_id: UUID) -> HttpResponse:
        """What Django's ``add_view()`` does, for one of several files."""
        fields = flatten_fieldsets(self.get_fieldsets(request, None))
        form_class = self.get_form(request, None, change=False, fields=fields)
        data = request.POST.copy()
        data.setlist("upload-upload", [str(upload_id)])
        form: Any = form_class(data, None)
        if not form.is_valid():
            return refusal(_told(form), HTTPStatus.BAD_REQUEST)
        image = self.save_form(request, form, change=False)
        self.save_model(request, image, form, change=False)
        self.save_related(request, form, [], change=False)
        changes = self.construct_change_message(request, form, [], add=True)
        self.log_addition(request, image, changes)
        return JsonResponse({"id": str(image.pk)})

    def _refuse(self, request: HttpRequest, method: str) -> JsonResponse | None:
        if not self.has_add_permission(request):
            told = _("You do not have permission to add images.")
            return refusal(told, HTTPStatus.FORBIDDEN)
        if request.method != method:
            told = _("Only %(method)s is allowed.") % {"method": method}
            return refusal(told, HTTPStatus.METHOD_NOT_ALLOWED)
        return None

    def _upload_url(self, name: str, *args: object) -> str:
        info = self.admin_site.name, self.opts.app_label, self.opts.model_name, name
        return reverse("{}:{}_{}_{}".format(*info), args=args)


def _told(form: Any) -> str:
    """The errors of a form, each with the label of its field; the file is known without it."""
    return " ".join(
        text if name in ("upload", NON_FIELD_ERRORS) else f"{form[name].label}: {text}"
        for name, texts in form.errors.items()
        for text in texts
    )


def _read(request: HttpRequest) -> dict[str, Any]:
    """The arguments of ``begin()``. Raises ``ValueError``."""
    told = _("Send a JSON object with the name and the size of a file.")
    try:
        sent = json.loads(request.read(LONGEST_BODY))
    except (ValueError, RecursionError) as error:  # the latter for ten thousand brackets
        raise ValueError(told) from error
    if not isinstance(sent, dict):
        raise ValueError(told)
    name, size, media_type = sent.get("name"), sent.get("size"), sent.get("type", "")
    if not (isinstance(name, str) and type(size) is int and isinstance(media_type, str)):
        raise ValueError(told)
    return {"name": name, "byte_size": size, "media_type": media_type}
