"""The HTTP API, on Django Ninja: ``api.add_router("/images/", images_router())``."""

from django_polyimages.api.router import images_router

__all__ = ["images_router"]
