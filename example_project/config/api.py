from ninja import NinjaAPI
from ninja.security import django_auth

from django_polyimages.api import images_router

api = NinjaAPI(title="Example project", version="1")
api.add_router("/images/", images_router(auth=django_auth))
