from django.contrib import admin
from django.urls import include, path
from ninja import NinjaAPI

from django_polyimages.api import images_router
from tests.hosts.own_models.archive.views import newest

api = NinjaAPI()
api.add_router("/images/", images_router())
urlpatterns = [
    path("", newest),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("images/", include("django_polyimages.urls")),
]
