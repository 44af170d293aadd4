from itertools import chain
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import FormView
from django.views.generic.detail import SingleObjectMixin

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import InvalidImage, StorageUnavailable
from django_polyimages.models import prefetch_images
from django_polyimages.policies import get_policy
from gallery.forms import PicturesForm


def gallery(request: HttpRequest) -> HttpResponse:
    """Lists objects of two models with their images, in a constant number of queries."""
    contacts = Contact.objects.select_related("organization").order_by("name")[:50]
    products = Product.objects.select_related("organization").order_by("name")[:50]
    objects = list(chain(contacts, products))
    prefetch_images(objects)
    return render(request, "gallery/gallery.html", {"objects": objects})


class ObjectPage(SingleObjectMixin, FormView):
    """Shows one object with its images. Editors of its organization can add more."""

    form_class = PicturesForm
    template_name = "gallery/object.html"
    context_object_name = "object"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        if request.method == "POST" and not self.may_add():
            if request.user.is_authenticated:
                raise PermissionDenied
            return redirect_to_login(request.path)
        return super().dispatch(request, *args, **kwargs)

    def may_add(self) -> bool:
        """Whether the policy of the HTTP API allows the user to attach images."""
        user, organization = self.request.user, self.object.organization
        policy = get_policy()
        return bool(
            user.is_authenticated
            and policy.is_member(user, organization)
            and policy.may(user, "attach", organization, self.object)
        )

    def get_form(self, form_class: type[PicturesForm] | None = None) -> PicturesForm:
        """Files are sent to the HTTP API as soon as they are chosen; the form sends their ids."""
        form: PicturesForm = super().get_form(form_class)
        slug = self.object.organization.slug
        url = f"{reverse('api-1:api-root')}images/orgs/{slug}/uploads/"
        form.fields["pictures"].widget.uploads_url = url
        return form

    def form_valid(self, form: PicturesForm) -> HttpResponse:
        try:
            for picture in form.cleaned_data["pictures"]:
                self.object.images.attach(picture, creator=self.request.user)
        except (InvalidImage, StorageUnavailable) as error:
            form.add_error("pictures", str(error))
            return self.form_invalid(form)
        return super().form_valid(form)

    def get_success_url(self) -> str:
        return self.request.path

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        prefetch_images([self.object])
        return super().get_context_data(may_add=self.may_add(), **kwargs)
