from django.urls import path
from ninja import NinjaAPI

from django_polyimages.api import images_router

api = NinjaAPI()
api.add_router("/images/", images_router())
urlpatterns = [path("api/v1/", api.urls)]
