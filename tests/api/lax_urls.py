"""An API whose host trusts the session, and has not thought of CSRF."""

from django.urls import path
from ninja import NinjaAPI

from django_polyimages.api import images_router

api = NinjaAPI(urls_namespace="lax")
api.add_router("/images/", images_router(auth=lambda request: request.user or True))
urlpatterns = [path("api/v1/", api.urls)]
