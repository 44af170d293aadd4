from itertools import chain

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import prefetch_images


def gallery(request: HttpRequest) -> HttpResponse:
    """Objects of two models and their images, in a constant number of queries."""
    contacts = Contact.objects.select_related("organization").order_by("name")[:50]
    products = Product.objects.select_related("organization").order_by("name")[:50]
    objects = list(chain(contacts, products))
    prefetch_images(objects)
    return render(request, "gallery/gallery.html", {"objects": objects})
