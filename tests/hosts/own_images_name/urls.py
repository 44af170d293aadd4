from django.contrib import admin
from django.urls import include, path
from django.views.generic import ListView
from ninja import NinjaAPI

from django_polyimages.api import images_router
from tests.hosts.own_images_name.models import Product

api = NinjaAPI()
api.add_router("/images/", images_router())
urlpatterns = [
    path("", ListView.as_view(queryset=Product.objects.prefetch_images().order_by("name"))),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("images/", include("django_polyimages.urls")),
]
