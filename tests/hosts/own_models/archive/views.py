from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_polyimages import get_image_model


def newest(request: HttpRequest) -> HttpResponse:
    images = get_image_model().objects.newest_first()[:10]
    return render(request, "archive/newest.html", {"images": images})
