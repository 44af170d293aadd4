from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import path
from gallery.views import gallery

from config.api import api

urlpatterns = [
    path("", gallery, name="gallery"),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
