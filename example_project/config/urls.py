from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import path

from config.api import api
from gallery.views import gallery

urlpatterns = [
    path("", gallery, name="gallery"),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
